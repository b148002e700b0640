//! Conversion of the errors of the parsers.

use punctual_core::TriggerError;
use punctual_cron_syntax::SyntaxError;

/// The error of a trigger for text that is not a valid cron expression.
pub(super) fn trigger_error(error: SyntaxError) -> TriggerError {
    let SyntaxError { field, value, column, reason, .. } = error;
    match field {
        Some(field) => TriggerError::invalid_field(field.name(), value, column, reason),
        None => TriggerError::invalid_text(value, reason),
    }
}
