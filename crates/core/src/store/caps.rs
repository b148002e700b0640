//! What a store can do, as data.

use std::time::Duration;

use crate::time::Timestamp;

/// What a store can do: selects the cases of the conformance suite, and tells the scheduler what to cut, to
/// refuse and to leave alone. Fixed before [`start`](super::JobStore::start): where only the server knows
/// (notifications, for instance), it is an option of the store's builder.
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
    /// Jobs outlive the process, so closures can't be kept.
    pub persistent: bool,
    /// Several processes may use the same jobs.
    pub shared: bool,
    /// The backend has a clock of its own, which [`JobStore::time`](super::JobStore::time) and
    /// [`JobStore::renew`](super::JobStore::renew) return. A store that machines share and that has none asks
    /// of these machines that their clocks agree to within what may be early or late.
    pub clock: bool,
    /// The finest difference between two instants that it keeps.
    pub precision: Duration,
    /// The earliest instant that it keeps.
    pub earliest: Timestamp,
    /// The latest instant that it keeps.
    pub latest: Timestamp,
    /// The largest definition that it keeps, in bytes.
    pub max_definition: usize,
    /// The largest batch that one call takes.
    pub max_batch: BatchLimit,
    /// [`JobStore::watch`](super::JobStore::watch) reports changes.
    pub notify: bool,
    /// [`RunHistory`](super::RunHistory) keeps the runs that have ended.
    pub history: bool,
    /// [`TransactionalJobs`](super::TransactionalJobs) are changed in transactions of the caller's.
    pub transactions: bool,
}

/// How much one call takes: of jobs to add, of commits with the runs and the history that go with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchLimit {
    /// How many jobs, or commits, or entries of the history; at least 1.
    pub count: usize,
    /// How many bytes of definitions, or of texts in the history. One job whose definition is within
    /// [`StoreCaps::max_definition`] is taken all the same.
    pub bytes: usize,
}

impl BatchLimit {
    /// No limit.
    pub const NONE: Self = Self { count: usize::MAX, bytes: usize::MAX };

    /// How many of the first rows fit into one batch: at least one, if there is any.
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
        // One that is larger goes alone.
        count.max(1).min(rows.len())
    }
}

impl StoreCaps {
    /// A store in this process's memory, exact to the microsecond, without limits.
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

    /// A store that outlives the process and that many processes may share, exact to the microsecond, without
    /// limits, a clock, notifications or a history.
    #[must_use]
    pub const fn shared() -> Self {
        Self { persistent: true, shared: true, ..Self::memory() }
    }

    /// The same, with a clock of its own.
    #[must_use]
    pub const fn with_clock(self) -> Self {
        Self { clock: true, ..self }
    }

    /// The same, with notifications of changes.
    #[must_use]
    pub const fn with_notify(self) -> Self {
        Self { notify: true, ..self }
    }

    /// The same, with a history of the runs that have ended.
    #[must_use]
    pub const fn with_history(self) -> Self {
        Self { history: true, ..self }
    }

    /// The same, with changes in transactions of the caller's.
    #[must_use]
    pub const fn with_transactions(self) -> Self {
        Self { transactions: true, ..self }
    }

    /// The same, with another precision.
    #[must_use]
    pub const fn with_precision(self, precision: Duration) -> Self {
        Self { precision, ..self }
    }

    /// The same, for instants from `earliest` to `latest` only.
    #[must_use]
    pub const fn with_instants(self, earliest: Timestamp, latest: Timestamp) -> Self {
        Self { earliest, latest, ..self }
    }

    /// The same, for definitions of at most so many bytes.
    #[must_use]
    pub const fn with_max_definition(self, bytes: usize) -> Self {
        Self { max_definition: bytes, ..self }
    }

    /// The same, for batches that are not larger.
    #[must_use]
    pub const fn with_max_batch(self, max_batch: BatchLimit) -> Self {
        Self { max_batch, ..self }
    }
}
