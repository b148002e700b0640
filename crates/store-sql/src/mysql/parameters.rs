//! Numbered parameters, which MySQL does not support: `?2` in a statement of this crate is its second value, which can
//! be used several times.

use std::fmt::{self, Write};

use crate::client::Value;

/// Replaces each parameter by `?`, and returns the values in the order of the parameters.
pub(super) fn positional<'v>(statement: &str, values: &[Value<'v>]) -> (String, Vec<Value<'v>>) {
    let mut bound = Vec::with_capacity(values.len());
    let text = filled(statement, |text, number| {
        bound.push(values[number]);
        text.push('?');
    });
    (text, bound)
}

/// Replaces each parameter by its value. Texts and bytes are written as hexadecimal digits, which need no escaping.
pub(super) fn literal(statement: &str, values: &[Value<'_>]) -> String {
    filled(statement, |text, number| match values[number] {
        Value::Int(value) => push(text, format_args!("{value}")),
        Value::NullableInt(Some(value)) => push(text, format_args!("{value}")),
        Value::Bool(value) => push(text, format_args!("{}", i32::from(value))),
        Value::Text(value) | Value::NullableText(Some(value)) => {
            hexadecimal(text, value.as_bytes())
        }
        Value::Bytes(value) => hexadecimal(text, value),
        Value::NullableInt(None) | Value::NullableText(None) => text.push_str("NULL"),
    })
}

/// Copies a statement, and calls `fill` for each parameter with the index of its value.
fn filled(statement: &str, mut fill: impl FnMut(&mut String, usize)) -> String {
    let mut parts = statement.split('?');
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = part.find(|c: char| !c.is_ascii_digit()).unwrap_or(part.len());
        let (number, rest) = part.split_at(digits);
        let number: usize = number.parse().expect("all parameters are numbered");
        fill(&mut text, number - 1);
        text.push_str(rest);
    }
    text
}

fn hexadecimal(text: &mut String, bytes: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    text.push_str("x'");
    text.reserve(2 * bytes.len() + 1);
    for byte in bytes {
        text.push(DIGITS[usize::from(byte >> 4)].into());
        text.push(DIGITS[usize::from(byte & 15)].into());
    }
    text.push('\'');
}

fn push(text: &mut String, value: fmt::Arguments<'_>) {
    // Writing to a string can't fail.
    let _ = text.write_fmt(value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_replaced_by_the_values_of_their_numbers() {
        let values = [Value::Int(-1), Value::Text("a'b"), Value::NullableInt(None)];
        let (text, bound) = positional("SET x = ?2 WHERE y = ?1 OR ?2", &values);
        assert_eq!(text, "SET x = ? WHERE y = ? OR ?");
        assert!(matches!(bound[..], [Value::Text("a'b"), Value::Int(-1), Value::Text("a'b")]));
        assert_eq!(literal("(?2, ?1, ?3)", &values), "(x'612762', -1, NULL)");
    }

    #[test]
    fn texts_are_written_as_hexadecimal_digits() {
        let nasty = "'; DROP TABLE jobs; -- ?1 \\ 😀";
        let text = literal("= ?1", &[Value::Text(nasty)]);
        let digits = text.strip_prefix("= x'").unwrap().strip_suffix('\'').unwrap();
        assert!(digits.bytes().all(|byte| byte.is_ascii_hexdigit()), "{digits}");
        assert_eq!(literal("?1", &[Value::Bytes(&[])]), "x''");
    }
}
