//! Percent signs in commands.

/// Splits a command at its first percent sign into the script for the shell and its standard input. In the input, every
/// further percent sign is a newline. A backslash before a percent sign is removed, and the percent sign is kept; other
/// backslashes are kept. A newline is appended to input that doesn't end in one.
///
/// In the script a backslash also escapes a backslash after it; in the input, as in every cron, it does not.
pub(super) fn split(command: &str) -> (String, Option<String>) {
    let mut script = String::with_capacity(command.len());
    let mut chars = command.chars();
    while let Some(c) = chars.next() {
        match c {
            '%' => return (script, stdin(chars.as_str())),
            '\\' => match chars.next() {
                Some('%') => script.push('%'),
                Some(other) => script.extend(['\\', other]),
                None => script.push('\\'),
            },
            _ => script.push(c),
        }
    }
    (script, None)
}

fn stdin(text: &str) -> Option<String> {
    let mut stdin = String::with_capacity(text.len() + 1);
    let mut escaped = false;
    for c in text.chars() {
        match (c, escaped) {
            ('%', true) => {
                stdin.pop();
                stdin.push('%');
            }
            ('%', false) => stdin.push('\n'),
            _ => stdin.push(c),
        }
        escaped = c == '\\';
    }
    if !stdin.is_empty() && !stdin.ends_with('\n') {
        stdin.push('\n');
    }
    Some(stdin).filter(|stdin| !stdin.is_empty())
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn the_first_percent_sign_ends_the_command() {
        for (command, script, stdin) in [
            ("ls -l", "ls -l", None),
            ("mail joe%Joe,%%Where?%", "mail joe", Some("Joe,\n\nWhere?\n")),
            ("cat%one", "cat", Some("one\n")),
            ("cat%", "cat", None),
            ("cat%%", "cat", Some("\n")),
            (r"date +\%H:\%M", "date +%H:%M", None),
            (r"cat%50\% of%it", "cat", Some("50% of\nit\n")),
            (r"echo a\nb \", r"echo a\nb \", None),
            (r"echo \\%in", r"echo \\", Some("in\n")),
            (r"echo \\\%x", r"echo \\%x", None),
            (r"cat%a\b\\%c\", "cat", Some("a\\b\\%c\\\n")),
        ] {
            let expected = (script.to_owned(), stdin.map(str::to_owned));
            assert_eq!(split(command), expected, "{command}");
        }
    }
}
