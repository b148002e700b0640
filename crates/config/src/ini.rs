//! INI files as a source.

use std::collections::BTreeMap;

use configparser::ini::Ini;
use serde_json::{Map, Value};

use crate::apscheduler;
use crate::error::ConfigError;
use crate::tree::{insert, is_prefixed, join};

/// Parses a text. `place` is the name of the file.
pub(crate) fn read(
    place: &str,
    text: &str,
    prefix: &str,
) -> Result<Map<String, Value>, ConfigError> {
    let mut tree = Map::new();
    let sections = parser().read(text.to_owned()).map_err(|error| syntax(place, text, &error))?;
    // In a defined order, for errors.
    let sections: BTreeMap<_, _> = sections.into_iter().collect();
    for (section, values) in sections {
        for (name, value) in values.into_iter().collect::<BTreeMap<_, _>>() {
            let Some(key) = key(&section, &name, prefix) else { continue };
            let Some(value) = value else {
                return Err(ConfigError::InvalidValue {
                    key,
                    value: None,
                    expected: "followed by \"=\" and a value".to_owned(),
                });
            };
            insert(&mut tree, &key, value.into())?;
        }
    }
    Ok(tree)
}

fn parser() -> Ini {
    let mut defaults = Ini::new_cs().defaults();
    defaults.delimiters = vec!['='];
    defaults.comment_symbols = vec!['#', ';'];
    // URLs contain these symbols.
    defaults.enable_inline_comments = false;
    Ini::new_from_defaults(defaults)
}

/// The key of a value, if it is one of the scheduler's.
fn key(section: &str, name: &str, prefix: &str) -> Option<String> {
    if is_prefixed(name, prefix) {
        return Some(name.to_owned());
    }
    // The section of keys before any section.
    let key = if section == "default" { name.to_owned() } else { join(section, name) };
    [prefix, apscheduler::PREFIX].iter().any(|prefix| key.starts_with(prefix)).then_some(key)
}

/// The error of the parser, which begins with `line 3:` and does not contain the line.
fn syntax(place: &str, text: &str, error: &str) -> ConfigError {
    let rest = error.strip_prefix("line ").unwrap_or_default();
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    ConfigError::Syntax {
        place: place.to_owned(),
        line: digits.parse().unwrap_or_else(|_| text.lines().count()),
        reason: error.rsplit(": ").next().unwrap_or_default().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn sections_and_dotted_keys_are_the_same() {
        let text = "
            [app:main]
            use = egg:mail
            apscheduler.timezone = UTC
            [punctual]
            ; a comment
            job_stores.default = postgres://ann:a#b;c@host/jobs
            [punctual.job_defaults]
            max_instances = 3
        ";
        assert_eq!(
            Value::from(read("INI", text, "punctual.").unwrap()),
            json!({
                "apscheduler": {"timezone": "UTC"},
                "punctual": {
                    "job_stores": {"default": "postgres://ann:a#b;c@host/jobs"},
                    "job_defaults": {"max_instances": "3"},
                },
            })
        );
    }

    #[test]
    fn an_empty_prefix_takes_all_keys() {
        let text = "timezone = UTC\n[job_defaults]\ncoalesce = all\n";
        assert_eq!(
            Value::from(read("INI", text, "").unwrap()),
            json!({"timezone": "UTC", "job_defaults": {"coalesce": "all"}})
        );
    }

    #[test]
    fn syntax_errors_name_the_line() {
        let error = read("jobs.ini", "[punctual]\n\n[punctual.job_stores\n", "punctual.");
        let text = error.unwrap_err().to_string();
        assert!(
            text.starts_with("the configuration in jobs.ini, line 3, is invalid: Found"),
            "{text}"
        );
        let error = read("jobs.ini", "[punctual]\ntimezone\n", "punctual.").unwrap_err();
        assert!(error.to_string().starts_with("punctual.timezone is invalid"), "{error}");
    }
}
