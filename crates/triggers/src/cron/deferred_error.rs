//! Errors that a builder reports when it is built.

use punctual_core::TriggerError;

use super::field::Field;

/// Invalid input. The builder keeps it and returns it as an error from `build()`.
#[derive(Clone, Debug)]
pub(super) struct DeferredError {
    /// `None` if the text as a whole is invalid.
    pub(super) field: Option<Field>,
    pub(super) value: String,
    pub(super) reason: String,
}

impl From<DeferredError> for TriggerError {
    fn from(deferred_error: DeferredError) -> Self {
        match deferred_error.field {
            Some(field) => {
                Self::invalid_field(field.name(), deferred_error.value, 1, deferred_error.reason)
            }
            None => Self::invalid_text(deferred_error.value, deferred_error.reason),
        }
    }
}
