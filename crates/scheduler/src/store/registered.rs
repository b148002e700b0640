//! A registered job store.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use punctual_core::{
    Alias, CorruptRecord, DynJobStore, JobDefinition, JobError, JobId, JobRecord, JobRef, Lease,
    StoreCaps, StoreError, StoredDefinition, TaskFilter, Timestamp,
};

use super::cache::{Cache, DecodedJob};
use super::clock::StoreClock;
use super::failures::Failures;
use super::history::History;
use super::observed::ObservedStore;
use super::pending_work::PendingWork;
use super::shared_definitions::SharedDefinitions;
use super::zones::ZoneRules;
use crate::error::SchedulerError;
use crate::job::CheckedJob;
use crate::shared::Shared;

/// A job store registered under an alias, with the state that the scheduler keeps about it.
pub(crate) struct RegisteredStore {
    pub alias: Alias,
    pub backend: ObservedStore,
    pub caps: StoreCaps,
    /// Clock that returns the store's time.
    pub clock: Arc<StoreClock>,
    /// `None` if the history is disabled.
    pub history: Option<History>,
    pub zones: ZoneRules,
    pub failures: Mutex<Failures>,
    /// Lease under which this node's recorded runs may start. It is replaced by a new `Lease` if it expired and other
    /// nodes have taken runs over.
    pub lease: Mutex<Lease>,
    /// Time since which the lease has been valid without an interruption.
    pub lease_held_since: Mutex<Option<Timestamp>>,
    /// Commits and retries for the next pass.
    pub pending: PendingWork,
    cache: Mutex<Cache>,
    /// Definitions that jobs in memory can share.
    shared_definitions: SharedDefinitions,
    /// Corrupt records found so far.
    pub(super) corrupt: Mutex<Vec<CorruptRecord>>,
    pub(super) shared: Arc<Shared>,
    /// A job may be due earlier than the next due time in the pass state.
    changed: AtomicBool,
    /// The earliest due time of the jobs that were added by this scheduler since the last pass, in microseconds; the
    /// maximum if there are none.
    added_due: AtomicI64,
    /// When the next pass takes place at the latest, in microseconds; the maximum if that is unknown.
    next_pass: AtomicI64,
    /// The earliest due time as of the last pass, in microseconds; the maximum if no job is due.
    next_due: AtomicI64,
    /// Change notifications are active, so polling is only a fallback.
    pub(super) watched: AtomicBool,
    /// The task that waits for notifications.
    pub(super) watch: Mutex<Option<tokio::task::JoinHandle<()>>>,
}

impl RegisteredStore {
    pub(crate) fn new(
        shared: &Arc<Shared>,
        alias: Alias,
        backend: Arc<dyn DynJobStore>,
    ) -> Arc<Self> {
        let caps = backend.caps();
        let options = shared.settings.history.for_store(&alias, caps);
        let history = if caps.history { History::new(options) } else { None };
        Arc::new(Self {
            backend: ObservedStore::new(alias.clone(), backend),
            alias,
            caps,
            clock: StoreClock::new(Arc::clone(&shared.clock)),
            history,
            zones: ZoneRules::default(),
            failures: Mutex::default(),
            lease: Mutex::default(),
            lease_held_since: Mutex::default(),
            pending: PendingWork::default(),
            cache: Mutex::default(),
            shared_definitions: SharedDefinitions::default(),
            corrupt: Mutex::default(),
            shared: Arc::clone(shared),
            changed: AtomicBool::new(true),
            added_due: AtomicI64::new(i64::MAX),
            next_pass: AtomicI64::new(i64::MAX),
            next_due: AtomicI64::new(i64::MAX),
            watched: AtomicBool::new(false),
            watch: Mutex::default(),
        })
    }

    /// Starts the store, clears its failure state, and synchronises with its clock.
    pub(crate) async fn open(&self) -> Result<(), StoreError> {
        self.backend.start().await?;
        *self.failures.lock() = Failures::default();
        self.sync_clock().await
    }

    /// Resets all cached state of the store.
    pub(crate) fn reset(&self) {
        self.clear_decode_cache();
        self.shared_definitions.clear();
        self.zones.reset();
        if self.caps.persistent {
            // The runs are taken over from their records, like orphaned runs.
            self.pending.clear_retries();
        }
        self.corrupt.lock().clear();
        self.mark_changed();
    }

    /// Filter for the jobs to claim. All jobs of a store in memory are claimed, since no other process can run them.
    pub(crate) fn filter(&self) -> TaskFilter {
        if self.caps.persistent { self.shared.known_tasks() } else { TaskFilter::Any }
    }

    /// Decodes a record, using the cache. A job that is kept decoded by its store is returned as it is.
    pub(crate) fn decode(
        &self,
        record: &JobRecord,
    ) -> Result<Arc<DecodedJob>, super::cache::Problem> {
        match DecodedJob::of_live(record) {
            Some(live) => Ok(Arc::new(live)),
            None => self.cache.lock().decode(record, &self.shared.triggers),
        }
    }

    /// Clears the decode cache.
    pub(crate) fn clear_decode_cache(&self) {
        *self.cache.lock() = Cache::default();
    }

    /// Caps a batch size to the store's limit.
    pub(crate) fn cap_batch(&self, wanted: usize) -> usize {
        wanted.min(self.caps.max_batch.count)
    }

    /// Marks the store as changed and wakes the driver.
    pub(crate) fn notify_changed(&self) {
        self.mark_changed();
        self.shared.wake.wake();
    }

    /// Wakes the driver for an added job that is due at this time, unless the next pass is not later: it finds the job.
    /// The pass claims the job without asking the store for its next due time first.
    pub(crate) fn notify_due(&self, due_at: Timestamp) {
        // A pass in progress may have read the next due time before the job was added: it has set the maximum before.
        if due_at.as_micros() < self.next_pass.load(Ordering::SeqCst) {
            self.added_due.fetch_min(due_at.as_micros(), Ordering::SeqCst);
            self.shared.wake.wake();
        }
    }

    /// Returns the earliest due time of the jobs of [`notify_due`](Self::notify_due) since the last call.
    pub(crate) fn take_added_due(&self) -> Option<Timestamp> {
        let due_at = self.added_due.swap(i64::MAX, Ordering::SeqCst);
        (due_at < i64::MAX).then(|| Timestamp::from_micros(due_at))
    }

    /// Sets the time of the next pass; `None` while a pass is in progress, or if there may be none.
    pub(crate) fn set_next_pass(&self, at: Option<Timestamp>) {
        let at = at.map_or(i64::MAX, Timestamp::as_micros);
        self.next_pass.store(at, Ordering::SeqCst);
    }

    /// Sets the earliest due time of the jobs that this process runs.
    pub(crate) fn set_next_due(&self, at: Option<Timestamp>) {
        self.next_due.store(at.map_or(i64::MAX, Timestamp::as_micros), Ordering::Relaxed);
    }

    /// Time since the earliest job that has not been claimed is due, as of the last pass.
    pub(crate) fn lag(&self) -> Duration {
        self.now().saturating_since(Timestamp::from_micros(self.next_due.load(Ordering::Relaxed)))
    }

    /// Requests a poll in the next pass.
    pub(crate) fn mark_changed(&self) {
        self.changed.store(true, Ordering::Release);
    }

    /// Returns and clears the changed flag.
    pub(crate) fn take_changed(&self) -> bool {
        self.changed.swap(false, Ordering::Acquire)
    }

    pub(crate) fn is_watched(&self) -> bool {
        self.watched.load(Ordering::Relaxed)
    }

    pub(crate) fn job_ref(&self, job: &JobId) -> JobRef {
        JobRef::new(self.alias.clone(), job.clone())
    }

    pub(crate) fn error(&self, source: StoreError) -> SchedulerError {
        SchedulerError::Store { job_store: self.alias.clone(), source }
    }

    /// Replaces the definition of a job by an equal one of another job, if the store keeps its jobs in this process: of a
    /// million jobs that are added at once, one definition is in memory. The job keeps its own trigger, because that of the
    /// other one may have older rules of its time zone.
    pub(crate) fn share(&self, job: &mut CheckedJob) -> Result<(), SchedulerError> {
        if self.caps.persistent {
            return Ok(());
        }
        let stored = self.shared_definitions.share(&job.definition).map_err(JobError::from)?;
        if let Some(shared) = stored.get() {
            job.definition = Arc::clone(shared);
        }
        Ok(())
    }

    /// The form in which a definition is stored: encoded, or as it is if the store keeps its jobs in this process.
    pub(crate) fn definition(
        &self,
        id: &JobId,
        definition: &Arc<JobDefinition>,
    ) -> Result<StoredDefinition, SchedulerError> {
        if !self.caps.persistent {
            return Ok(self.shared_definitions.share(definition).map_err(JobError::from)?);
        }
        let encoded = definition.encode().map_err(JobError::from)?;
        let (size, limit) = (encoded.as_bytes().len(), self.caps.max_definition);
        if size <= limit {
            return Ok(encoded.into());
        }
        let job_store = self.alias.clone();
        Err(SchedulerError::DefinitionTooLarge { id: id.clone(), job_store, size, limit })
    }
}
