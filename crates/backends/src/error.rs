//! Constructors of errors.

use punctual_core::{StoreError, StoreErrorKind};

pub(crate) fn invalid(text: impl Into<String>) -> StoreError {
    StoreError::new(StoreErrorKind::Invalid, text.into())
}

pub(crate) fn unsupported(text: impl Into<String>) -> StoreError {
    StoreError::new(StoreErrorKind::Unsupported, text.into())
}
