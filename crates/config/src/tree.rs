//! The values of all sources, as one tree.

use serde_json::{Map, Value};

#[cfg(any(feature = "toml", feature = "ini"))]
use crate::apscheduler::PREFIX;
use crate::error::ConfigError;

/// Joins two parts of a key.
pub(crate) fn join(key: &str, name: &str) -> String {
    match key {
        "" => name.to_owned(),
        key => format!("{key}.{name}"),
    }
}

/// Whether a name is a dotted key of the scheduler, with this prefix or that of APScheduler, unlike a name in the table of an
/// empty prefix.
#[cfg(any(feature = "toml", feature = "ini"))]
pub(crate) fn is_prefixed(name: &str, prefix: &str) -> bool {
    [prefix, PREFIX].iter().any(|prefix| !prefix.is_empty() && name.starts_with(prefix))
}

/// Inserts a value at a dotted key.
///
/// # Errors
///
/// [`Conflict`](ConfigError::Conflict) if a part of the key has a value already.
pub(crate) fn insert(
    tree: &mut Map<String, Value>,
    key: &str,
    value: Value,
) -> Result<(), ConfigError> {
    let conflict = |other: &str| ConfigError::Conflict { key: key.to_owned(), other: other.into() };
    let mut tree = tree;
    let mut path = String::new();
    let mut names = key.split('.').peekable();
    while let Some(name) = names.next() {
        path = join(&path, name);
        if names.peek().is_none() {
            return match tree.insert(name.to_owned(), value) {
                Some(Value::Object(_)) => Err(conflict(&format!("{path}.*"))),
                _ => Ok(()),
            };
        }
        let entry = tree.entry(name).or_insert_with(|| Value::Object(Map::new()));
        tree = entry.as_object_mut().ok_or_else(|| conflict(&path))?;
    }
    Ok(())
}

/// Merges the values of a later source, which override those of the earlier ones. Tables are merged, all other values
/// are replaced as a whole.
pub(crate) fn merge(tree: &mut Map<String, Value>, later: Map<String, Value>) {
    for (name, value) in later {
        match (tree.get_mut(&name), value) {
            (Some(Value::Object(own)), Value::Object(later)) => merge(own, later),
            (_, value) => drop(tree.insert(name, value)),
        }
    }
}

/// Takes the table at a prefix, such as `punctual.`. The empty prefix stands for the whole tree.
///
/// # Errors
///
/// [`InvalidValue`](ConfigError::InvalidValue) if the prefix is the key of a value.
pub(crate) fn take_prefix(
    mut tree: Map<String, Value>,
    prefix: &str,
) -> Result<Map<String, Value>, ConfigError> {
    let stem = prefix.trim_end_matches('.');
    for name in stem.split('.').filter(|name| !name.is_empty()) {
        tree = match tree.remove(name) {
            None => return Ok(Map::new()),
            Some(Value::Object(values)) => values,
            Some(_) => {
                return Err(ConfigError::InvalidValue {
                    key: stem.to_owned(),
                    value: None,
                    expected: "a table".to_owned(),
                });
            }
        };
    }
    Ok(tree)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tree(entries: &[(&str, Value)]) -> Result<Map<String, Value>, ConfigError> {
        let mut tree = Map::new();
        for (key, value) in entries {
            insert(&mut tree, key, value.clone())?;
        }
        Ok(tree)
    }

    #[test]
    fn dotted_keys_are_tables() {
        let tree = tree(&[("a.b.c", json!(1)), ("a.d", json!("x"))]).unwrap();
        assert_eq!(Value::from(tree), json!({"a": {"b": {"c": 1}, "d": "x"}}));
    }

    #[test]
    fn a_key_below_a_value_is_a_conflict() {
        for entries in
            [[("a.b", json!(1)), ("a.b.c", json!(2))], [("a.b.c", json!(2)), ("a.b", json!(1))]]
        {
            let error = tree(&entries).unwrap_err();
            assert!(matches!(error, ConfigError::Conflict { .. }), "{error}");
        }
    }

    #[test]
    fn later_sources_override_values_and_extend_tables() {
        let mut first = tree(&[("a.b", json!(1)), ("a.c", json!([1, 2]))]).unwrap();
        merge(&mut first, tree(&[("a.c", json!([3])), ("a.d.e", json!(4))]).unwrap());
        assert_eq!(Value::from(first.clone()), json!({"a": {"b": 1, "c": [3], "d": {"e": 4}}}));
        assert_eq!(Value::from(take_prefix(first, "a.d.").unwrap()), json!({"e": 4}));
    }
}
