//! Errors and warnings.

use std::error::Error;
use std::fmt;
use std::path::PathBuf;

use punctual_core::{error_chain, similar_names};

/// An invalid configuration.
///
/// The text names the key and the value. Values that may contain a password are omitted: the URLs of stores and the
/// arguments of jobs. The same applies to `Debug`.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A file can't be read.
    #[error("the configuration file {path:?} can't be read")]
    #[non_exhaustive]
    File {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// The text of a source has the wrong format.
    #[error("the configuration in {place}, line {line}, is invalid: {reason}")]
    #[non_exhaustive]
    Syntax {
        /// The file, or the format of the text.
        place: String,
        /// The line, counted from 1.
        line: usize,
        /// The error.
        reason: String,
    },
    /// The prefix of the keys is empty, which is not possible for environment variables.
    #[error(
        "environment variables can't be read with an empty prefix: every variable would be a key"
    )]
    EmptyPrefix,
    /// No such key exists.
    #[error("there is no key {key:?}{}; known keys: {}", did_you_mean(.similar), list(.known))]
    #[non_exhaustive]
    UnknownKey {
        /// The key, with its prefix.
        key: String,
        /// Known keys of the same section that are similar.
        similar: Vec<String>,
        /// The known keys of the same section.
        known: Vec<String>,
    },
    /// A required key is missing.
    #[error("the key {key:?} is missing: {reason}")]
    #[non_exhaustive]
    MissingKey {
        /// The key, with its prefix.
        key: String,
        /// What it is needed for.
        reason: String,
    },
    /// Two keys exclude each other.
    #[error("the keys {key:?} and {other:?} exclude each other")]
    #[non_exhaustive]
    Conflict {
        /// One of the keys.
        key: String,
        /// The other key.
        other: String,
    },
    /// Two jobs of a list have the same id.
    #[error("{key} and {other} have the same id {id:?}")]
    #[non_exhaustive]
    DuplicateJob {
        /// The section of the second job.
        key: String,
        /// The section of the first job.
        other: String,
        /// The id.
        id: String,
    },
    /// A value has the wrong type or format.
    #[error("{key} {}", invalid_value(.value.as_deref(), .expected))]
    #[non_exhaustive]
    InvalidValue {
        /// The key.
        key: String,
        /// The value; `None` if it may be secret.
        value: Option<String>,
        /// The values that are valid.
        expected: String,
    },
    /// No store, executor, trigger or task has this name.
    #[error(
        "{key} is {name:?}, but there is no {kind} of this name{}; known names: {}",
        did_you_mean(.similar), list(.known)
    )]
    #[non_exhaustive]
    UnknownName {
        /// The key.
        key: String,
        /// `job store`, `executor`, `trigger` or `task`.
        kind: &'static str,
        /// The unknown name.
        name: String,
        /// Known names that are similar.
        similar: Vec<String>,
        /// The known names.
        known: Vec<String>,
    },
    /// This program was built without the feature that a value requires.
    #[error("{key} is {value:?}, which requires the feature {feature:?} of the crate punctual")]
    #[non_exhaustive]
    MissingFeature {
        /// The key.
        key: String,
        /// The value.
        value: String,
        /// The feature.
        feature: &'static str,
    },
    /// The value, or the section, was rejected by what is created from it.
    #[error("the configuration {key:?} is invalid")]
    #[non_exhaustive]
    Rejected {
        /// The key of the value or the section.
        key: String,
        /// The reason.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The arguments of a job don't have the types of the task's parameters.
    #[error("{key} can't be passed to the task {task:?}: {reason}")]
    #[non_exhaustive]
    Arguments {
        /// The key.
        key: String,
        /// The task.
        task: String,
        /// The difference, without the values.
        reason: String,
    },
    /// Several options, stores, executors or jobs are invalid. The text has a line for each error, with its causes.
    #[error("the configuration has {} errors:{}", .errors.len(), lines(.errors))]
    #[non_exhaustive]
    Several {
        /// The errors: at least two, none of which is `Several`.
        errors: Vec<Self>,
    },
}

punctual_core::error_debug!(ConfigError);

impl ConfigError {
    pub(crate) fn unknown_key(key: String, name: &str, known: &[String]) -> Self {
        let similar = similar_names(name, known.iter().map(String::as_str));
        let mut known = known.to_vec();
        known.sort_unstable();
        known.dedup();
        Self::UnknownKey { key, similar, known }
    }

    pub(crate) fn unknown_name(
        key: String,
        kind: &'static str,
        name: &str,
        known: Vec<String>,
    ) -> Self {
        let similar = similar_names(name, known.iter().map(String::as_str));
        Self::UnknownName { key, kind, name: name.to_owned(), similar, known }
    }

    pub(crate) fn rejected(
        key: impl Into<String>,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        // An error about a key of the section is more precise.
        match source.into().downcast::<Self>() {
            Ok(error) => *error,
            Err(source) => Self::Rejected { key: key.into(), source },
        }
    }
}

fn lines(errors: &[ConfigError]) -> String {
    errors.iter().map(|error| format!("\n  {}", error_chain(error))).collect()
}

fn did_you_mean(similar: &[String]) -> String {
    match similar {
        [] => String::new(),
        _ => format!(" (did you mean {}?)", quoted(similar, " or ")),
    }
}

fn list(known: &[String]) -> String {
    match known {
        [] => "none".to_owned(),
        _ => known.join(", "),
    }
}

fn quoted(names: &[String], separator: &str) -> String {
    names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(separator)
}

fn invalid_value(value: Option<&str>, expected: &str) -> String {
    match value {
        Some(value) => format!("is {value}: it must be {expected}"),
        None => format!("is invalid: it must be {expected}"),
    }
}

/// A key of APScheduler that has a different meaning here, or none, or a file without any key of the prefix.
///
/// `Display` describes the difference. Warnings are returned by [`Config::warnings`](crate::Config::warnings), and logged
/// when the configuration is applied.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConfigWarning {
    /// The key, with its prefix; the prefix if no key has it.
    pub key: String,
    /// The difference.
    pub text: String,
}

impl fmt::Display for ConfigWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key, self.text)
    }
}
