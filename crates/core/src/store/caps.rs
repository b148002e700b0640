//! Capabilities and limits of stores.

use std::time::Duration;

use crate::time::Timestamp;

/// The capabilities and limits of a store. They select the cases of the conformance suite and determine which values
/// the scheduler splits, rejects or adapts. They are constant and valid before [`start`](super::JobStore::start). A
/// capability that depends on the server (notifications, for instance) must therefore be an option of the store's
/// builder.
///
/// ```
/// use punctual_core::{BatchLimit, StoreCaps};
///
/// let caps = StoreCaps::shared().with_clock().with_max_definition(1 << 20).with_max_batch(BatchLimit {
///     count: 100,
///     bytes: 1 << 20,
/// });
/// assert!(caps.persistent && caps.clock && !caps.notify);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreCaps {
    /// Whether jobs persist after the process terminates. Jobs that call closures can't be added to such a store.
    pub persistent: bool,
    /// Whether several processes may share the jobs.
    pub shared: bool,
    /// Whether the backend has a clock, which [`JobStore::time`](super::JobStore::time) and
    /// [`JobStore::renew`](super::JobStore::renew) return. If several machines share a store without a clock, their
    /// clocks must not differ by more than the acceptable error of start times.
    pub clock: bool,
    /// The resolution of stored instants.
    pub precision: Duration,
    /// The earliest instant that can be stored.
    pub earliest: Timestamp,
    /// The latest instant that can be stored.
    pub latest: Timestamp,
    /// The maximum size of a definition in bytes.
    pub max_definition: usize,
    /// The maximum size of a batch per call.
    pub max_batch: BatchLimit,
    /// Whether [`JobStore::watch`](super::JobStore::watch) reports changes.
    pub notify: bool,
    /// Whether [`RunHistory`](super::RunHistory) is implemented.
    pub history: bool,
    /// Whether [`TransactionalJobs`](super::TransactionalJobs) is implemented.
    pub transactions: bool,
}

/// The limits of one call that adds jobs, or that commits changes with their runs and history entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchLimit {
    /// The maximum number of jobs, commits or history entries; at least 1.
    pub count: usize,
    /// The maximum total size of definitions, or of texts in the history, in bytes. A single job whose definition
    /// does not exceed [`StoreCaps::max_definition`] is accepted regardless of this limit.
    pub bytes: usize,
}

impl BatchLimit {
    /// No limit.
    pub const NONE: Self = Self { count: usize::MAX, bytes: usize::MAX };

    /// Returns the length of the longest prefix of `rows` that fits into one batch: at least 1, unless `rows` is
    /// empty.
    ///
    /// ```
    /// let limit = punctual_core::BatchLimit { count: 3, bytes: 10 };
    /// assert_eq!(limit.fitting(&[4, 4, 4], |&size| size), 2);
    /// assert_eq!(limit.fitting(&[40], |&size| size), 1);
    /// ```
    pub fn fitting<T>(&self, rows: &[T], size: impl Fn(&T) -> usize) -> usize {
        let mut left = self.bytes;
        let fits = |row: &&T| {
            let size = size(row);
            let fits = size <= left;
            left = left.saturating_sub(size);
            fits
        };
        let count = rows.iter().take(self.count).take_while(fits).count();
        // A row that exceeds the limit forms its own batch.
        count.max(1).min(rows.len())
    }
}

impl StoreCaps {
    /// Returns the capabilities of an in-memory store: microsecond resolution and no limits.
    #[must_use]
    pub const fn memory() -> Self {
        Self {
            persistent: false,
            shared: false,
            clock: false,
            precision: Duration::from_micros(1),
            earliest: Timestamp::MIN,
            latest: Timestamp::MAX,
            max_definition: usize::MAX,
            max_batch: BatchLimit::NONE,
            notify: false,
            history: false,
            transactions: false,
        }
    }

    /// Returns the capabilities of a persistent store that several processes may share: microsecond resolution, no
    /// limits, no clock, no notifications and no history.
    #[must_use]
    pub const fn shared() -> Self {
        Self { persistent: true, shared: true, ..Self::memory() }
    }

    /// Sets [`clock`](Self::clock).
    #[must_use]
    pub const fn with_clock(self) -> Self {
        Self { clock: true, ..self }
    }

    /// Sets [`notify`](Self::notify).
    #[must_use]
    pub const fn with_notify(self) -> Self {
        Self { notify: true, ..self }
    }

    /// Sets [`history`](Self::history).
    #[must_use]
    pub const fn with_history(self) -> Self {
        Self { history: true, ..self }
    }

    /// Sets [`transactions`](Self::transactions).
    #[must_use]
    pub const fn with_transactions(self) -> Self {
        Self { transactions: true, ..self }
    }

    /// Sets the [`precision`](Self::precision).
    #[must_use]
    pub const fn with_precision(self, precision: Duration) -> Self {
        Self { precision, ..self }
    }

    /// Sets the range of instants that can be stored.
    #[must_use]
    pub const fn with_instants(self, earliest: Timestamp, latest: Timestamp) -> Self {
        Self { earliest, latest, ..self }
    }

    /// Sets [`max_definition`](Self::max_definition).
    #[must_use]
    pub const fn with_max_definition(self, bytes: usize) -> Self {
        Self { max_definition: bytes, ..self }
    }

    /// Sets [`max_batch`](Self::max_batch).
    #[must_use]
    pub const fn with_max_batch(self, max_batch: BatchLimit) -> Self {
        Self { max_batch, ..self }
    }
}
