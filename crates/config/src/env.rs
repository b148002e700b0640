//! Environment variables as a source.

use serde_json::{Map, Value};

use crate::apscheduler;
use crate::error::ConfigError;
use crate::tree::insert;

/// Two underscores separate the parts of a key, because shells allow no dots in names, and the parts contain single
/// underscores.
const SEPARATOR: &str = "__";

/// Reads the variables whose names begin with the prefix: as it is, or in upper case.
pub(crate) fn read(
    vars: Vec<(String, String)>,
    prefix: &str,
) -> Result<Map<String, Value>, ConfigError> {
    if prefix.is_empty() {
        return Err(ConfigError::EmptyPrefix);
    }
    let mut tree = Map::new();
    for (name, value) in vars {
        if let Some(key) = [prefix, apscheduler::PREFIX].iter().find_map(|own| key(&name, own)) {
            insert(&mut tree, &key, value.into())?;
        }
    }
    Ok(tree)
}

/// The key for which a variable stands, if it begins with the prefix.
fn key(name: &str, prefix: &str) -> Option<String> {
    if name.starts_with(prefix) {
        return Some(name.to_owned());
    }
    let rest = name.strip_prefix(&prefix.to_ascii_uppercase().replace('.', SEPARATOR))?;
    Some(format!("{prefix}{}", rest.to_ascii_lowercase().replace(SEPARATOR, ".")))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_upper_case_keys_with_two_underscores() {
        let vars = [
            ("PUNCTUAL__TIMEZONE", "UTC"),
            ("PUNCTUAL__JOB_DEFAULTS__MAX_INSTANCES", "3"),
            ("punctual.lease", "5"),
            ("PUNCTUAL_TEST_POSTGRES_URL", "postgres://elsewhere"),
            ("HOME", "/root"),
        ];
        let vars = vars.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(
            Value::from(read(vars.to_vec(), "punctual.").unwrap()),
            json!({"punctual": {
                "timezone": "UTC", "job_defaults": {"max_instances": "3"}, "lease": "5"
            }})
        );
        assert!(matches!(read(vars.to_vec(), ""), Err(ConfigError::EmptyPrefix)));
    }
}
