//! TOML as a source.

use serde_json::{Map, Value};

use crate::error::ConfigError;
use crate::tree::{insert, is_prefixed, merge};

/// Parses a text. `place` is the name of the file.
pub(crate) fn read(
    place: &str,
    text: &str,
    prefix: &str,
) -> Result<Map<String, Value>, ConfigError> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        let start = error.span().map_or(0, |span| span.start);
        // Not the whole text of the error, which shows the line: it may contain a password.
        ConfigError::Syntax {
            place: place.to_owned(),
            line: text.get(..start).unwrap_or_default().matches('\n').count() + 1,
            reason: error.message().to_owned(),
        }
    })?;
    let mut tree = Map::new();
    for (name, value) in table {
        // Quoted, as in `"punctual.timezone" = "UTC"`: the same key as without the quotes.
        if is_prefixed(&name, prefix) {
            insert(&mut tree, &name, convert(value))?;
        } else {
            merge(&mut tree, Map::from_iter([(name, convert(value))]));
        }
    }
    Ok(tree)
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
            Value::from(read("TOML", text, "punctual.").unwrap()),
            json!({"punctual": {
                "a": 1, "b": {"c": [true, 0.5]}, "d": "2026-12-24T08:00:00Z", "e": "2026-12-24"
            }})
        );
    }

    #[test]
    fn quotes_around_a_dotted_key_have_no_effect() {
        let text = "\"punctual.lease\" = 1\n\"app.name\" = \"a\"\n[punctual]\ntimezone = \"UTC\"\n\"a.b\" = 1\n";
        assert_eq!(
            Value::from(read("TOML", text, "punctual.").unwrap()),
            json!({"punctual": {"lease": 1, "timezone": "UTC", "a.b": 1}, "app.name": "a"})
        );
    }

    #[test]
    fn syntax_errors_name_the_line_but_do_not_show_it() {
        let text = "[punctual]\ntimezone = \"UTC\"\nurl = \"postgres://ann:hunter2@host\" x\n";
        let error = read("jobs.toml", text, "punctual.").unwrap_err();
        let text = format!("{error:?}");
        assert!(text.contains("jobs.toml, line 3") && !text.contains("hunter2"), "{text}");
    }
}
