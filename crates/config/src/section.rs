//! A section of the configuration, whose keys are taken one by one.

use std::fmt;

use punctual_core::similar_names;
use serde_json::{Map, Value};

use crate::error::ConfigError;
use crate::errors::Errors;
use crate::tree::join;
use crate::value::{FromConfig, describe};

/// The keys and values of a section, such as `punctual.executors.default`.
///
/// What is created from a section [takes](Self::take) the values that it knows. A key that nobody has taken is an error,
/// which suggests similar ones among those that were asked for. A factory of a [plugin](crate::Plugins) therefore only
/// takes its options:
///
/// ```
/// use punctual_config::{Config, Configure, Plugins};
/// use punctual_core::DebugExecutor;
/// use punctual_scheduler::AsyncScheduler;
///
/// let plugins = Plugins::new().executor("greenlets", |section| {
///     let _count: u32 = section.take("count")?.unwrap_or(10);
///     Ok(DebugExecutor)
/// });
/// let config = Config::builder()
///     .plugins(plugins)
///     .set("punctual.executors.default.type", "greenlets")
///     .set("punctual.executors.default.cuont", 20)
///     .build()
///     .unwrap();
/// let error = AsyncScheduler::builder().configure(&config).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "there is no key \"punctual.executors.default.cuont\" (did you mean \"count\"?); known keys: count, type"
/// );
/// ```
pub struct Section {
    key: String,
    values: Map<String, Value>,
    /// The names that were asked for.
    known: Vec<String>,
}

impl Section {
    pub(crate) fn new(key: impl Into<String>, values: Map<String, Value>) -> Self {
        Self { key: key.into(), values, known: Vec::new() }
    }

    /// The key of the section, with its prefix.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The key of a value in this section, with its prefix.
    #[must_use]
    pub fn key_of(&self, name: &str) -> String {
        join(&self.key, name)
    }

    /// Takes a value out of the section, or returns `None` if the key is not set.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`](ConfigError::InvalidValue) if the value can't be converted.
    pub fn take<T: FromConfig>(&mut self, name: &str) -> Result<Option<T>, ConfigError> {
        let Some(value) = self.take_value(name) else { return Ok(None) };
        match T::from_config(&value) {
            Some(converted) => Ok(Some(converted)),
            None => Err(self.invalid(name, &value, T::EXPECTED)),
        }
    }

    /// Takes a value that may be secret, such as a password. Errors don't contain it.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`](ConfigError::InvalidValue) if the value can't be converted.
    pub fn take_secret<T: FromConfig>(&mut self, name: &str) -> Result<Option<T>, ConfigError> {
        let Some(value) = self.take_value(name) else { return Ok(None) };
        match T::from_config(&value) {
            Some(converted) => Ok(Some(converted)),
            None => Err(self.invalid_secret(name, T::EXPECTED)),
        }
    }

    /// Takes a value that must be set. `reason` says what it is needed for.
    ///
    /// # Errors
    ///
    /// [`MissingKey`](ConfigError::MissingKey) if the key is not set, and the errors of [`take`](Self::take).
    pub fn require<T: FromConfig>(&mut self, name: &str, reason: &str) -> Result<T, ConfigError> {
        self.take(name)?.ok_or_else(|| self.missing(name, reason))
    }

    /// Takes one of several words, each with what it means.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`](ConfigError::InvalidValue) if the value is none of the words.
    pub fn take_word<T: Copy>(
        &mut self,
        name: &str,
        words: &[(&str, T)],
    ) -> Result<Option<T>, ConfigError> {
        let Some(value) = self.take_value(name) else { return Ok(None) };
        let text = match &value {
            Value::String(text) => text.trim().to_ascii_lowercase(),
            value => value.to_string(),
        };
        match words.iter().find(|(word, _)| *word == text) {
            Some((_, meaning)) => Ok(Some(*meaning)),
            None => {
                let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
                Err(self.invalid(name, &value, &format!("one of {}", words.join(", "))))
            }
        }
    }

    /// Takes a nested section, or returns `None` if the key is not set.
    ///
    /// # Errors
    ///
    /// [`InvalidValue`](ConfigError::InvalidValue) if the value is not a section.
    pub fn take_section(&mut self, name: &str) -> Result<Option<Self>, ConfigError> {
        let key = self.key_of(name);
        match self.take_value(name) {
            None => Ok(None),
            Some(Value::Object(values)) => Ok(Some(Self::new(key, values))),
            Some(_) => Err(self.invalid_secret(name, "a table")),
        }
    }

    /// Takes a value as it is.
    pub(crate) fn take_value(&mut self, name: &str) -> Option<Value> {
        self.known.push(name.to_owned());
        self.values.remove(name)
    }

    /// The names of the keys that have not been taken.
    pub(crate) fn names(&self) -> Vec<String> {
        self.values.keys().cloned().collect()
    }

    /// Whether a key is set and has not been taken.
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// Checks that every key has been taken.
    ///
    /// # Errors
    ///
    /// [`UnknownKey`](ConfigError::UnknownKey) for each one that has not.
    pub(crate) fn finish(self) -> Result<(), ConfigError> {
        let mut errors = Errors::default();
        for name in self.values.keys() {
            errors.add(ConfigError::unknown_key(self.key_of(name), name, &self.known));
        }
        errors.finish(())
    }

    /// The error for the first key that is probably a misspelling of one of these names, which are not set.
    pub(crate) fn misspelled(&self, names: &[&str]) -> Option<ConfigError> {
        let name = self.values.keys().find(|name| {
            // Names of about the same length: otherwise it is another key.
            let comparable = names.iter().filter(|known| known.len().abs_diff(name.len()) <= 2);
            !similar_names(name, comparable.copied()).is_empty()
        })?;
        let known: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
        Some(ConfigError::unknown_key(self.key_of(name), name, &known))
    }

    /// The names that were asked for.
    #[cfg(all(test, unix, feature = "executor-process", feature = "executor-threads"))]
    pub(crate) fn known(&self) -> &[String] {
        &self.known
    }

    /// The error for a key that is not set: it, or one of those that could be set instead, may be misspelled.
    pub(crate) fn missing(&self, name: &str, reason: &str) -> ConfigError {
        let mut known: Vec<_> = self.known.iter().map(String::as_str).chain([name]).collect();
        known.sort_unstable();
        known.dedup();
        self.misspelled(&known).unwrap_or_else(|| self.absent(name, reason))
    }

    /// The same if no other key can be a misspelling of it.
    pub(crate) fn absent(&self, name: &str, reason: &str) -> ConfigError {
        ConfigError::MissingKey { key: self.key_of(name), reason: reason.to_owned() }
    }

    /// The error for two keys that exclude each other.
    pub(crate) fn conflict(&self, name: &str, other: &str) -> ConfigError {
        ConfigError::Conflict { key: self.key_of(name), other: self.key_of(other) }
    }

    /// The error for an invalid value.
    pub(crate) fn invalid(&self, name: &str, value: &Value, expected: &str) -> ConfigError {
        ConfigError::InvalidValue {
            key: self.key_of(name),
            value: Some(describe(value)),
            expected: expected.to_owned(),
        }
    }

    /// The error for an invalid value that may be secret.
    pub(crate) fn invalid_secret(&self, name: &str, expected: &str) -> ConfigError {
        ConfigError::InvalidValue {
            key: self.key_of(name),
            value: None,
            expected: expected.to_owned(),
        }
    }
}

impl fmt::Debug for Section {
    /// Omits the values, which may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Section")
            .field("key", &self.key)
            .field("names", &self.values.keys().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}
