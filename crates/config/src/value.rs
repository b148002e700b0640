//! Conversion of values, which are typed in TOML and text in INI files and environment variables.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

/// A type of value. A number or a truth value can also be given as text.
///
/// Implementations of other crates are used with [`Section::take`](crate::Section::take).
pub trait FromConfig: Sized {
    /// A description of the valid values, for errors: `it must be ..`.
    const EXPECTED: &'static str;

    /// Converts a value. Returns `None` if it is invalid.
    fn from_config(value: &Value) -> Option<Self>;
}

impl FromConfig for String {
    const EXPECTED: &'static str = "a text";

    fn from_config(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }
}

impl FromConfig for PathBuf {
    const EXPECTED: &'static str = "a path";

    fn from_config(value: &Value) -> Option<Self> {
        value.as_str().filter(|path| !path.is_empty()).map(Into::into)
    }
}

impl FromConfig for bool {
    const EXPECTED: &'static str = "true or false";

    /// Accepts the same words as APScheduler.
    fn from_config(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(value) => Some(*value),
            Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "yes" | "on" | "y" | "t" | "1" => Some(true),
                "false" | "no" | "off" | "n" | "f" | "0" => Some(false),
                _ => None,
            },
            _ => None,
        }
    }
}

macro_rules! integers {
    ($($integer:ty: $expected:literal;)*) => {
        $(impl FromConfig for $integer {
            const EXPECTED: &'static str = $expected;

            fn from_config(value: &Value) -> Option<Self> {
                match value {
                    Value::Number(number) => {
                        number.as_i64().and_then(|number| number.try_into().ok())
                    }
                    Value::String(text) => text.trim().parse().ok(),
                    _ => None,
                }
            }
        })*
    };
}
integers! {
    u32: "a whole number from 0";
    u64: "a whole number from 0";
    usize: "a whole number from 0";
    i32: "a whole number";
    i64: "a whole number";
}

impl FromConfig for f64 {
    const EXPECTED: &'static str = "a number";

    fn from_config(value: &Value) -> Option<Self> {
        let number: Self = match value {
            Value::Number(number) => number.as_f64()?,
            Value::String(text) => text.trim().parse().ok()?,
            _ => return None,
        };
        number.is_finite().then_some(number)
    }
}

impl FromConfig for Duration {
    const EXPECTED: &'static str = "a number of seconds, or a duration such as \"1h 30m\"";

    fn from_config(value: &Value) -> Option<Self> {
        if let Some(seconds) = f64::from_config(value) {
            return Self::try_from_secs_f64(seconds).ok();
        }
        humantime::parse_duration(value.as_str()?.trim()).ok()
    }
}

/// A value that can be switched off by `"none"`.
impl FromConfig for Option<Duration> {
    const EXPECTED: &'static str =
        "a number of seconds, a duration such as \"1h 30m\", or \"none\"";

    fn from_config(value: &Value) -> Option<Self> {
        or_none(value)
    }
}

/// A value that can be switched off by `"none"`.
impl FromConfig for Option<usize> {
    const EXPECTED: &'static str = "a whole number from 0, or \"none\"";

    fn from_config(value: &Value) -> Option<Self> {
        or_none(value)
    }
}

/// A value that can be switched off by `"none"`.
impl FromConfig for Option<u32> {
    const EXPECTED: &'static str = "a whole number from 0, or \"none\"";

    fn from_config(value: &Value) -> Option<Self> {
        or_none(value)
    }
}

fn or_none<T: FromConfig>(value: &Value) -> Option<Option<T>> {
    match value {
        Value::String(text) if text.trim().eq_ignore_ascii_case("none") => Some(None),
        value => T::from_config(value).map(Some),
    }
}

/// A list of texts, or one text in which they are separated by commas.
impl FromConfig for Vec<String> {
    const EXPECTED: &'static str = "a list of texts";

    fn from_config(value: &Value) -> Option<Self> {
        match list_of(value) {
            Some(items) => items.iter().map(String::from_config).collect(),
            None => Some(value.as_str()?.split(',').map(|part| part.trim().to_owned()).collect()),
        }
    }
}

/// A list: an array, the text of a JSON array, or a table with the keys 0, 1, .. .
pub(crate) fn list_of(value: &Value) -> Option<Vec<Value>> {
    match value {
        Value::Array(items) => Some(items.clone()),
        Value::String(text) if text.trim_start().starts_with('[') => {
            serde_json::from_str(text).ok()
        }
        Value::Object(items) => {
            let mut numbered = Vec::with_capacity(items.len());
            for (index, item) in items {
                numbered.push((index.parse::<usize>().ok()?, item.clone()));
            }
            numbered.sort_by_key(|(index, _)| *index);
            Some(numbered.into_iter().map(|(_, item)| item).collect())
        }
        _ => None,
    }
}

/// How a value is shown in errors.
pub(crate) fn describe(value: &Value) -> String {
    match value {
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a table".to_owned(),
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn text_and_typed_values_are_the_same() {
        for (typed, text) in [(json!(3), json!("3")), (json!(0), json!(" 0 "))] {
            assert_eq!(u32::from_config(&typed), u32::from_config(&text));
            assert_eq!(usize::from_config(&typed), usize::from_config(&text));
        }
        for text in ["true", "Yes", "on", "Y", "t", "1"] {
            assert_eq!(bool::from_config(&json!(text)), Some(true));
        }
        assert_eq!(bool::from_config(&json!("maybe")), None);
        assert_eq!(u32::from_config(&json!(-1)), None);
        assert_eq!(String::from_config(&json!(5)).as_deref(), Some("5"));
    }

    #[test]
    fn durations_are_seconds_or_text_with_units() {
        for (value, millis) in [
            (json!(10), 10_000),
            (json!(0.5), 500),
            (json!("2.5"), 2_500),
            (json!("1h 30m"), 5_400_000),
            (json!("200ms"), 200),
        ] {
            assert_eq!(Duration::from_config(&value), Some(Duration::from_millis(millis)));
        }
        for value in [json!(-1), json!("soon"), json!(true), json!("inf"), json!("1e300")] {
            assert_eq!(Duration::from_config(&value), None, "{value}");
        }
        assert_eq!(<Option<Duration>>::from_config(&json!("none")), Some(None));
    }

    #[test]
    fn a_list_can_be_written_in_each_source() {
        let expected = vec!["a".to_owned(), "b".to_owned()];
        for value in
            [json!(["a", "b"]), json!("a, b"), json!("[\"a\", \"b\"]"), json!({"1": "b", "0": "a"})]
        {
            assert_eq!(Vec::from_config(&value), Some(expected.clone()), "{value}");
        }
    }
}
