//! Until when a scheduler may begin what it has recorded as its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::time::Timestamp;

/// Until when a scheduler counts as alive, so that what it has recorded as its own certainly is; clones are
/// the same lease. A new one is over.
///
/// ```
/// use punctual_core::{Lease, Timestamp};
///
/// let lease = Lease::default();
/// lease.prolong(Timestamp::from_seconds(10));
/// assert!(!lease.clone().is_over(Timestamp::from_seconds(9)));
/// assert!(lease.is_over(Timestamp::from_seconds(10)));
/// ```
#[derive(Clone, Debug)]
pub struct Lease(Arc<AtomicI64>);

impl Default for Lease {
    fn default() -> Self {
        Self(Arc::new(AtomicI64::new(i64::MIN)))
    }
}

impl Lease {
    /// Makes it last until that instant.
    pub fn prolong(&self, until: Timestamp) {
        self.0.store(until.as_micros(), Ordering::Release);
    }

    /// Whether it is over at that instant.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        now.as_micros() >= self.0.load(Ordering::Acquire)
    }
}
