//! TOML as a source.

use serde_json::{Map, Value};

use crate::error::ConfigError;

/// Parses a text. `place` is the name of the file.
pub(crate) fn read(place: &str, text: &str) -> Result<Map<String, Value>, ConfigError> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let start = error.span().map_or(0, |span| span.start);
        // Not the whole text of the error, which shows the line: it may contain a password.
        ConfigError::Syntax {
            place: place.to_owned(),
            line: text.get(..start).unwrap_or_default().matches('\n').count() + 1,
            reason: error.message().to_owned(),
        }
    })?;
    Ok(convert_table(table))
}

fn convert_table(table: toml::Table) -> Map<String, Value> {
    table.into_iter().map(|(name, value)| (name, convert(value))).collect()
}

fn convert(value: toml::Value) -> Value {
    match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(number) => number.into(),
        toml::Value::Float(number) => number.into(),
        toml::Value::Boolean(value) => value.into(),
        // Triggers read dates as text.
        toml::Value::Datetime(date) => date.to_string().into(),
        toml::Value::Array(items) => items.into_iter().map(convert).collect(),
        toml::Value::Table(table) => convert_table(table).into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_keep_their_types() {
        let text =
            "[punctual]\na = 1\nb.c = [true, 0.5]\nd = 2026-12-24T08:00:00Z\ne = 2026-12-24\n";
        assert_eq!(
            Value::from(read("TOML", text).unwrap()),
            json!({"punctual": {
                "a": 1, "b": {"c": [true, 0.5]}, "d": "2026-12-24T08:00:00Z", "e": "2026-12-24"
            }})
        );
    }

    #[test]
    fn syntax_errors_name_the_line_but_do_not_show_it() {
        let text = "[punctual]\ntimezone = \"UTC\"\nurl = \"postgres://ann:hunter2@host\" x\n";
        let error = read("jobs.toml", text).unwrap_err();
        let text = format!("{error:?}");
        assert!(text.contains("jobs.toml, line 3") && !text.contains("hunter2"), "{text}");
    }
}
