//! Errors of imports.

use std::fmt;

/// Maximum length of a value in an error, in characters.
const MAX_VALUE: usize = 200;

/// An export is not valid. Nothing was imported.
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The text is not JSON, or not an export.
    #[error("the text is not an export of jobs in JSON")]
    Json(#[from] serde_json::Error),
    /// The export was written by a newer version.
    #[error("the export has version {found}; this build reads versions up to {supported}")]
    #[non_exhaustive]
    Version {
        /// The version of the export.
        found: u32,
        /// The newest version that this build reads.
        supported: u32,
    },
    /// A field of a job has an invalid value.
    #[error("{job} of the export can't be imported: {field} is {value}")]
    #[non_exhaustive]
    Invalid {
        /// The job: its id, or its position, from 0, if it has no valid id.
        job: String,
        /// The field.
        field: &'static str,
        /// The value. Definitions and arguments, which can be confidential, are omitted.
        value: String,
        /// The reason.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

punctual_core::error_debug!(ImportError);

impl ImportError {
    pub(crate) fn invalid(
        job: impl fmt::Display,
        field: &'static str,
        value: impl fmt::Display,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        let value = value.to_string().chars().take(MAX_VALUE).collect();
        Self::Invalid { job: job.to_string(), field, value, source: source.into() }
    }
}
