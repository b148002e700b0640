//! Checks of the options of a store, and of its errors.

use std::error::Error;
use std::fmt::Debug;

use punctual_core::{StoreError, StoreErrorKind, error_chain};

/// Checks that a builder has rejected its options, with errors that name each cause once and do not contain the password.
///
/// # Panics
///
/// If a value is `Ok`, or if an error is not [`Invalid`](StoreErrorKind::Invalid), repeats a cause, or contains the
/// password in its text or in its `Debug` form.
///
/// # Examples
///
/// ```
/// use punctual_core::{StoreError, StoreErrorKind};
///
/// let error = StoreError::new(StoreErrorKind::Invalid, "max_connections must be at least 1, not 0");
/// punctual_testkit::assert_invalid_options([Err::<(), _>(error)], "hunter2");
/// ```
#[track_caller]
pub fn assert_invalid_options(
    stores: impl IntoIterator<Item = Result<impl Debug, StoreError>>,
    password: &str,
) {
    for (number, store) in stores.into_iter().enumerate() {
        let error = match store {
            Ok(store) => panic!("number {number} is accepted: {store:?}"),
            Err(error) => error,
        };
        assert_eq!(error.kind(), StoreErrorKind::Invalid, "number {number}: {error}");
        assert_error_text(&error, password);
    }
}

/// The password of tests, which no error may contain.
pub const PASSWORD: &str = "hunter2";

/// Checks the kind of an error, that its text or that of a source contains `text`, and that [`assert_error_text`] accepts it
/// with [`PASSWORD`].
///
/// # Panics
///
/// If one of them is not so.
///
/// # Examples
///
/// ```
/// use punctual_core::{StoreError, StoreErrorKind};
///
/// let error = StoreError::new(StoreErrorKind::Unavailable, "the connection was lost");
/// punctual_testkit::assert_error(&error, StoreErrorKind::Unavailable, "was lost");
/// ```
#[track_caller]
pub fn assert_error(error: &StoreError, kind: StoreErrorKind, text: &str) {
    let told = error_chain(error).to_string();
    assert_eq!(error.kind(), kind, "{told}");
    assert!(told.contains(text), "{text:?} is not in {told}");
    assert_error_text(error, PASSWORD);
}

/// Like [`assert_error`], for an error of a server on this machine: it must not contain the server's address either.
///
/// # Panics
///
/// If one of them is not so.
///
/// # Examples
///
/// ```
/// use punctual_core::{StoreError, StoreErrorKind};
///
/// let error = StoreError::new(StoreErrorKind::Unavailable, "the connection was lost");
/// punctual_testkit::assert_local_server_error(&error, StoreErrorKind::Unavailable, "was lost");
/// ```
#[track_caller]
pub fn assert_local_server_error(error: &StoreError, kind: StoreErrorKind, text: &str) {
    assert_error(error, kind, text);
    assert_error_text(error, "127.0.0.1");
}

/// Checks that an error names each of its causes once and does not contain the password.
///
/// # Panics
///
/// If an error in the chain of sources repeats the text of its source, or if the text or the `Debug` form contains the
/// password.
///
/// # Examples
///
/// ```
/// use punctual_core::{StoreError, StoreErrorKind};
///
/// let error = StoreError::new(StoreErrorKind::Unavailable, "the connection was lost");
/// punctual_testkit::assert_error_text(&error, "hunter2");
/// ```
#[track_caller]
pub fn assert_error_text(error: &StoreError, password: &str) {
    let told = format!("{} {error:?}", error_chain(error));
    assert!(!told.contains(password), "the password is in {told}");
    let mut error: &dyn Error = error;
    while let Some(source) = error.source() {
        assert!(!error.to_string().contains(&source.to_string()), "{error}: {source}");
        error = source;
    }
}
