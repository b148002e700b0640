//! What the builder was told that can't become a trigger.

use punctual_core::TriggerError;

use super::field::Field;

/// What can't become a trigger, whatever else is told.
#[derive(Clone, Debug)]
pub(super) struct Refused {
    /// None if it is the text as a whole.
    pub(super) field: Option<Field>,
    pub(super) value: String,
    pub(super) reason: String,
}

impl From<Refused> for TriggerError {
    fn from(refused: Refused) -> Self {
        match refused.field {
            Some(field) => Self::invalid_field(field.name(), refused.value, 1, refused.reason),
            None => Self::invalid_text(refused.value, refused.reason),
        }
    }
}
