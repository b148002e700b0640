//! The timeouts of a store's options.

use std::time::Duration;

use punctual_core::StoreError;

use crate::name::invalid;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long to wait for the servers of a store: 5 seconds each by default.
///
/// ```
/// use std::time::Duration;
/// use punctual_store_kit::Timeouts;
///
/// let timeouts = Timeouts { response: Duration::from_secs(2), ..Timeouts::default() };
/// timeouts.check()?;
/// # Ok::<(), punctual_core::StoreError>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "stores with further timeouts have a type of their own"
)]
pub struct Timeouts {
    /// For connecting, and logging in.
    pub connect: Duration,
    /// For the response to a request.
    pub response: Duration,
}

impl Timeouts {
    /// Checks both: 1 ms to a day.
    ///
    /// # Errors
    ///
    /// [`Invalid`](punctual_core::StoreErrorKind::Invalid) with the name of the option, `connect_timeout` or
    /// `response_timeout`, and its value.
    pub fn check(&self) -> Result<(), StoreError> {
        let shortest = Duration::from_millis(1);
        check_timeout("connect_timeout", self.connect, shortest)?;
        check_timeout("response_timeout", self.response, shortest)
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), response: Duration::from_secs(5) }
    }
}

/// Checks the timeout of the option `name`: at least `shortest`, and at most a day.
///
/// # Errors
///
/// [`Invalid`](punctual_core::StoreErrorKind::Invalid) with the name and the value.
///
/// ```
/// use std::time::Duration;
/// use punctual_store_kit::check_timeout;
///
/// let error = check_timeout("connect_timeout", Duration::ZERO, Duration::from_millis(1)).unwrap_err();
/// assert_eq!(error.to_string(), "connect_timeout must be 1ms to a day, not 0ns");
/// ```
pub fn check_timeout(name: &str, timeout: Duration, shortest: Duration) -> Result<(), StoreError> {
    if (shortest..=DAY).contains(&timeout) {
        return Ok(());
    }
    Err(invalid(format!("{name} must be {shortest:?} to a day, not {timeout:?}")))
}
