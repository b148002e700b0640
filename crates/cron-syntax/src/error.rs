//! The error of all parsers.

use crate::field::Field;

/// Text that is not a valid cron expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{value:?}{}: {reason}", name_of(*.field), position(*.field, *.column))]
#[non_exhaustive]
pub struct SyntaxError {
    /// The field; `None` if the text as a whole has the wrong format.
    pub field: Option<Field>,
    /// The rejected text: that of the field, or the whole one.
    pub value: String,
    /// The column of the error in `value`, counted in characters from 1.
    pub column: usize,
    /// The error and the allowed values.
    pub reason: String,
}

impl SyntaxError {
    /// Creates an error for a field.
    pub fn in_field(
        field: Field,
        value: impl Into<String>,
        column: usize,
        reason: impl Into<String>,
    ) -> Self {
        Self { field: Some(field), value: value.into(), column, reason: reason.into() }
    }

    /// Creates an error for a text that has the wrong format as a whole.
    pub fn in_text(text: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { field: None, value: text.into(), column: 1, reason: reason.into() }
    }
}

fn name_of(field: Option<Field>) -> String {
    field.map(|field| format!("{} ", field.name())).unwrap_or_default()
}

fn position(field: Option<Field>, column: usize) -> String {
    field.map(|_| format!(" (column {column})")).unwrap_or_default()
}
