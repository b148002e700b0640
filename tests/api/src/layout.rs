//! Line breaks that don't depend on rustdoc's formatting.

/// Joins code into one line.
pub(crate) fn line(code: &str) -> String {
    let words: Vec<&str> = code.split_whitespace().collect();
    let joined = words.join(" ");
    [("( ", "("), (", )", ")"), ("< ", "<"), (", >", ">"), (" )", ")")]
        .iter()
        .fold(joined, |code, (wide, narrow)| code.replace(wide, narrow))
        .trim_end_matches(',')
        .to_owned()
}

/// Braces that stay on one line because they stand for hidden bodies; each is replaced by a placeholder meanwhile.
const BODIES: [(&str, &str); 3] =
    [("{ ... }", "\u{1}"), ("{ }", "\u{2}"), ("{ /* private fields */ }", "\u{3}")];

/// Formats a declaration with one line for each field, variant, or trait item.
pub(crate) fn lines(declaration: &str) -> Vec<String> {
    let visible = declaration.lines().filter(|line| !line.trim_start().starts_with("//"));
    let code = line(&visible.collect::<Vec<_>>().join("\n"));
    let code = BODIES.iter().fold(code, |code, (body, sign)| code.replace(body, sign));
    let (mut lines, mut now, mut before) = (Vec::new(), String::new(), ' ');
    // The nesting depth of braces and of other brackets, and whether commas separate bounds.
    let (mut braces, mut brackets, mut bounds) = (0_usize, 0_usize, false);
    let mut end = |now: &mut String, braces: usize| {
        let shown = BODIES.iter().fold(now.clone(), |now, (body, sign)| now.replace(sign, body));
        if !shown.trim().is_empty() {
            lines.push(format!("{}{}", "    ".repeat(braces), shown.trim()));
        }
        now.clear();
    };
    for sign in code.chars() {
        if sign == '}' {
            end(&mut now, braces);
            braces = braces.saturating_sub(1);
        }
        now.push(sign);
        bounds |= now.ends_with(" where");
        match sign {
            '(' | '[' | '<' => brackets += 1,
            // An arrow (`->`).
            '>' if matches!(before, '-' | '=') => {}
            ')' | ']' | '>' => brackets = brackets.saturating_sub(1),
            '{' => {
                bounds = false;
                end(&mut now, braces);
                braces += 1;
            }
            ';' | '\u{1}' if brackets == 0 && braces > 0 => {
                bounds = false;
                end(&mut now, braces);
            }
            ',' if brackets == 0 && braces > 0 && !bounds => end(&mut now, braces),
            _ => {}
        }
        before = sign;
    }
    end(&mut now, braces);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_result_does_not_depend_on_line_breaks() {
        let wide = "pub fn f<T>(&self, a: A) -> B where T: C";
        assert_eq!(line("pub fn f<T>(\n    &self,\n    a: A,\n) -> B\nwhere\n    T: C,"), wide);
        assert_eq!(line(wide), wide);
    }

    #[test]
    fn a_trait_has_a_line_for_each_item() {
        let text = "pub trait T:\n    A\n    + B {\n    // Required method\n    fn a(\n        &self,\n    ) -> C<D, E>;\n\n    \
            // Provided methods\n    fn b<X>(&self)\n       where X: D,\n             Self: E { ... }\n    fn c() { ... }\n}";
        let expected = [
            "pub trait T: A + B {",
            "    fn a(&self) -> C<D, E>;",
            "    fn b<X>(&self) where X: D, Self: E { ... }",
            "    fn c() { ... }",
            "}",
        ];
        assert_eq!(lines(text), expected);
        assert_eq!(lines("pub trait Empty: Copy { }"), ["pub trait Empty: Copy { }"]);
    }

    #[test]
    fn an_enum_has_a_line_for_each_variant_and_field() {
        let text = "#[non_exhaustive]\npub enum E<T> where T: A, {\n    One(Map<A, B>),\n    Two {\n        a: fn(A) -> B,\n        b: C,\n    },\n    Three,\n}";
        let expected = [
            "#[non_exhaustive] pub enum E<T> where T: A, {",
            "    One(Map<A, B>),",
            "    Two {",
            "        a: fn(A) -> B,",
            "        b: C,",
            "    },",
            "    Three,",
            "}",
        ];
        assert_eq!(lines(text), expected);
        let hidden = "pub struct S { /* private fields */ }";
        assert_eq!(lines(hidden), [hidden]);
    }
}
