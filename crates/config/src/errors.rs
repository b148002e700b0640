//! The errors of parts of a configuration that are independent of each other.

use crate::error::ConfigError;

/// Collects errors, so that a user sees all of them at once.
#[derive(Default)]
pub(crate) struct Errors(Vec<ConfigError>);

impl Errors {
    pub(crate) fn add(&mut self, error: ConfigError) {
        match error {
            ConfigError::Several { errors } => self.0.extend(errors),
            error => self.0.push(error),
        }
    }

    /// Returns the value, or keeps the error.
    pub(crate) fn take<T>(&mut self, result: Result<T, ConfigError>) -> Option<T> {
        result.map_err(|error| self.add(error)).ok()
    }

    /// Returns the value of a key that is set, or keeps the error.
    pub(crate) fn option<T>(&mut self, result: Result<Option<T>, ConfigError>) -> Option<T> {
        self.take(result).flatten()
    }

    /// Returns `value` if there was no error.
    pub(crate) fn finish<T>(mut self, value: T) -> Result<T, ConfigError> {
        match self.0.len() {
            0 => Ok(value),
            1 => Err(self.0.remove(0)),
            _ => Err(ConfigError::Several { errors: self.0 }),
        }
    }
}
