//! Options of a store in text form.

use std::collections::BTreeMap;

use punctual_core::StoreError;

use crate::error::invalid;
use crate::value::Value;

/// The options of a store in addition to its URL. Names and values are those of the builder's methods;
/// [`Backend::options`](crate::Backend::options) lists them.
///
/// Two options have the same meaning for all backends: `prefix` is the prefix of all names in the database, regardless
/// of the name of the builder's method, and `make_tables` set to `false` disables the creation and migration of tables;
/// backends without tables ignore it.
#[derive(Clone, Debug, Default)]
pub struct Options(BTreeMap<String, String>);

impl Options {
    /// Creates empty options.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an option.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl ToString) -> Self {
        self.0.insert(name.into(), value.to_string());
        self
    }

    /// Resolves the names of the options for a backend.
    pub(crate) fn for_backend(
        &self,
        backend: &str,
        options: &[&'static str],
    ) -> Result<ResolvedOptions<'_>, StoreError> {
        let mut values = BTreeMap::new();
        for (given, value) in &self.0 {
            let mut own = options.iter().copied();
            let found = match given.as_str() {
                "prefix" => own.find(|option| option.ends_with("prefix") || *option == "path"),
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
        Ok(ResolvedOptions { values })
    }
}

/// Options that have been resolved for a backend.
pub(crate) struct ResolvedOptions<'a> {
    #[allow(dead_code, reason = "depends on the enabled features")]
    values: BTreeMap<&'static str, &'a str>,
}

impl ResolvedOptions<'_> {
    /// The value of this option, or `None` if it is not set.
    #[allow(dead_code, reason = "depends on the enabled features")]
    pub(crate) fn get<V: Value>(&self, name: &str) -> Result<Option<V>, StoreError> {
        let Some(&text) = self.values.get(name) else { return Ok(None) };
        match V::parse_option(text) {
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
    fn options_are_passed_to_the_builder() {
        for name in ["prefix", "table_prefix"] {
            let error = error("sqlite:jobs.sqlite", name, "a b");
            assert!(error.contains("\"a b\" is invalid"), "{error}");
        }
        let options = Options::new().with("synchronous", "normal").with("make_tables", false);
        assert!(open("sqlite:jobs.sqlite", &options).is_ok());
    }

    #[test]
    fn errors_contain_the_option_and_its_value() {
        let wrong = error("sqlite:jobs.sqlite", "synchronous", "often");
        assert_eq!(
            wrong,
            "the store's option synchronous is \"often\": it must be \"full\" or \"normal\""
        );
        let wrong = error("sqlite:jobs.sqlite", "make_tables", "maybe");
        assert!(wrong.contains("make_tables is \"maybe\": it must be \"true\" or"), "{wrong}");
        let unknown = error("sqlite:jobs.sqlite", "schema", "jobs");
        assert!(unknown.contains("SQLite has no option \"schema\""), "{unknown}");
        for (url, text) in [
            ("sqlite:", "needs a file"),
            ("sqlite://", "needs a file"),
            ("sqlite::memory:", "in_memory"),
        ] {
            assert!(error(url, "prefix", "a_").contains(text));
        }
    }

    #[test]
    fn backends_without_tables_ignore_make_tables() {
        assert!(open("memory:", &Options::new().with("make_tables", false)).is_ok());
        assert!(error("memory:", "prefix", "a_").contains("no option \"prefix\""));
    }
}
