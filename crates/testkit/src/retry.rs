//! Repetition of calls.

use punctual_core::{StoreError, error_chain};

/// Repeats a call of a store after retryable errors, as a scheduler does, and returns its result.
///
/// # Panics
///
/// If an error is not retryable.
///
/// # Examples
///
/// ```
/// # use punctual_core::{StoreError, StoreErrorKind};
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let mut calls = 0;
/// let call = async || {
///     calls += 1;
///     match calls {
///         3 => Ok("done"),
///         _ => Err(StoreError::new(StoreErrorKind::Unavailable, "the connection was lost")),
///     }
/// };
/// assert_eq!(punctual_testkit::retry_until_ok(call).await, "done");
/// # });
/// # Ok::<(), std::io::Error>(())
/// ```
pub async fn retry_until_ok<T>(mut call: impl AsyncFnMut() -> Result<T, StoreError>) -> T {
    loop {
        match call().await {
            Ok(result) => return result,
            Err(error) => assert!(error.is_retryable(), "{}", error_chain(&error)),
        }
    }
}
