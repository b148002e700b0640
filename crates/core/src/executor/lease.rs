//! The in-process expiry of a node's lease.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::time::Timestamp;

/// The instant until which the node's lease is valid and no other node can have taken over its runs. Clones share the
/// same state. A new lease is expired.
///
/// ```
/// use punctual_core::{Lease, Timestamp};
///
/// let lease = Lease::default();
/// lease.set_expiry(Timestamp::from_seconds(10));
/// assert!(!lease.clone().is_expired(Timestamp::from_seconds(9)));
/// assert!(lease.is_expired(Timestamp::from_seconds(10)));
/// ```
#[derive(Clone, Debug)]
pub struct Lease(Arc<AtomicI64>);

impl Default for Lease {
    fn default() -> Self {
        Self(Arc::new(AtomicI64::new(i64::MIN)))
    }
}

impl Lease {
    /// Sets the expiry.
    pub fn set_expiry(&self, until: Timestamp) {
        self.0.store(until.as_micros(), Ordering::Release);
    }

    /// Returns whether the lease is expired at `now`.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now.as_micros() >= self.0.load(Ordering::Acquire)
    }
}
