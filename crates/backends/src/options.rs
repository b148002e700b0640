//! The options of a store, as text.

use std::collections::BTreeMap;

use punctual_core::StoreError;

use crate::error::invalid;
use crate::value::Value;

/// What a store is opened with, beside its URL. Names and values are those of its builder's methods:
/// [`Backend::options`](crate::Backend::options) lists them.
///
/// Two have the same meaning for all backends: `prefix` is what the names of all that a store keeps begin with,
/// whatever its builder calls that, and `make_tables` is `false` for users who only look: backends that make no
/// tables ignore it.
#[derive(Clone, Debug, Default)]
pub struct Options(BTreeMap<String, String>);

impl Options {
    /// None.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// These and another one.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.0.insert(name.into(), value.to_string());
        self
    }

    /// The options by the names that they have in this backend, whose options these are.
    pub(crate) fn for_backend(
        &self,
        backend: &str,
        options: &[&'static str],
    ) -> Result<Given<'_>, StoreError> {
        let mut values = BTreeMap::new();
        for (given, value) in &self.0 {
            let mut own = options.iter().copied();
            let found = match given.as_str() {
                "prefix" => own.find(|option| option.ends_with("prefix")),
                name => own.find(|option| *option == name),
            };
            match found {
                Some(name) => drop(values.insert(name, value.as_str())),
                None if given == "make_tables" => {}
                None => {
                    return Err(invalid(format!(
                        "a store in {backend} has no option {given:?}; its options: {}",
                        options.join(", ")
                    )));
                }
            }
        }
        Ok(Given { values })
    }
}

/// The options that were given, all of which the backend has.
pub(crate) struct Given<'a> {
    #[allow(dead_code, reason = "no backend of this build needs it")]
    values: BTreeMap<&'static str, &'a str>,
}

impl Given<'_> {
    /// The value of this option, if it was given.
    #[allow(dead_code, reason = "no backend of this build needs it")]
    pub(crate) fn get<V: Value>(&self, name: &str) -> Result<Option<V>, StoreError> {
        let Some(&text) = self.values.get(name) else { return Ok(None) };
        match V::of_text(text) {
            Some(value) => Ok(Some(value)),
            None => Err(invalid(format!(
                "the store's option {name} is {text:?}: it must be {}",
                V::EXPECTED
            ))),
        }
    }
}

#[cfg(all(test, feature = "store-memory", feature = "store-sqlite"))]
mod tests {
    use punctual_core::{StoreErrorKind, error_chain};

    use super::*;
    use crate::open;

    fn error(url: &str, name: &str, value: &str) -> String {
        let error = open(url, &Options::new().with(name, value)).map(drop).unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Invalid);
        error_chain(&error).to_string()
    }

    #[test]
    fn options_reach_the_builder() {
        for name in ["prefix", "table_prefix"] {
            let error = error("sqlite:jobs.sqlite", name, "a b");
            assert!(error.contains("\"a b\" is not valid"), "{error}");
        }
        let options = Options::new().with("synchronous", "normal").with("make_tables", false);
        assert!(open("sqlite:jobs.sqlite", &options).is_ok());
    }

    #[test]
    fn what_is_wrong_is_named() {
        let wrong = error("sqlite:jobs.sqlite", "synchronous", "often");
        assert_eq!(
            wrong,
            "the store's option synchronous is \"often\": it must be \"full\" or \"normal\""
        );
        let wrong = error("sqlite:jobs.sqlite", "make_tables", "maybe");
        assert!(wrong.contains("make_tables is \"maybe\": it must be \"true\" or"), "{wrong}");
        let unknown = error("sqlite:jobs.sqlite", "schema", "jobs");
        assert!(unknown.contains("SQLite has no option \"schema\""), "{unknown}");
        for url in ["sqlite:", "sqlite://", "sqlite::memory:"] {
            assert!(error(url, "prefix", "a_").contains("names none"));
        }
    }

    #[test]
    fn nothing_is_made_where_there_are_no_tables() {
        assert!(open("memory:", &Options::new().with("make_tables", false)).is_ok());
        assert!(error("memory:", "prefix", "a_").contains("no option \"prefix\""));
    }
}
