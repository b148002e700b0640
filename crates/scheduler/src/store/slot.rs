//! A job store under its alias, and what the scheduler knows about it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use punctual_core::{
    Alias, CorruptRecord, DynJobStore, Encoded, JobId, JobRecord, JobRef, Lease, StoreCaps,
    StoreError, TaskFilter,
};

use super::cache::{Cache, Decoded};
use super::clock::StoreClock;
use super::failures::Failures;
use super::history::History;
use super::waiting::Waiting;
use super::zones::ZoneRules;
use crate::error::SchedulerError;
use crate::shared::Shared;

pub(crate) struct Slot {
    pub alias: Alias,
    pub store: Arc<dyn DynJobStore>,
    pub caps: StoreCaps,
    /// Tells what time it is for this store's jobs.
    pub clock: Arc<StoreClock>,
    /// None when nothing is to be written down.
    pub history: Option<History>,
    pub zones: ZoneRules,
    pub failures: Mutex<Failures>,
    /// Until when what is recorded as this node's is its own; another one after it was over and others have
    /// taken some of it.
    pub lease: Mutex<Lease>,
    /// What is to be done at the next pass.
    pub waiting: Waiting,
    cache: Mutex<Cache>,
    /// What the store holds and can't be read, as far as it was met.
    pub(super) corrupt: Mutex<Vec<CorruptRecord>>,
    pub(super) shared: Arc<Shared>,
    /// Something may be due earlier than the passes know.
    changed: AtomicBool,
    /// The store's notifications work, so that polling is not needed.
    pub(super) watched: AtomicBool,
    /// Waits for the notifications.
    pub(super) watch: Mutex<Option<tokio::task::JoinHandle<()>>>,
}

impl Slot {
    pub(crate) fn new(
        shared: &Arc<Shared>,
        alias: Alias,
        store: Arc<dyn DynJobStore>,
    ) -> Arc<Self> {
        let caps = store.caps();
        let options = shared.settings.history.of(&alias, caps);
        let history = if caps.history { History::new(options) } else { None };
        Arc::new(Self {
            alias,
            store,
            caps,
            clock: StoreClock::new(Arc::clone(&shared.clock)),
            history,
            zones: ZoneRules::default(),
            failures: Mutex::default(),
            lease: Mutex::default(),
            waiting: Waiting::default(),
            cache: Mutex::default(),
            corrupt: Mutex::default(),
            shared: Arc::clone(shared),
            changed: AtomicBool::new(true),
            watched: AtomicBool::new(false),
            watch: Mutex::default(),
        })
    }

    /// Starts the store, and forgets what was known of it.
    pub(crate) async fn open(&self) -> Result<(), StoreError> {
        self.store.start().await?;
        *self.failures.lock() = Failures::default();
        self.ask_time().await
    }

    /// Forgets what was known of its jobs.
    pub(crate) fn forget(&self) {
        self.forget_decoded();
        self.zones.reset();
        if self.caps.persistent {
            // They are taken over, as what any process left behind.
            self.waiting.forget_again();
        }
        self.corrupt.lock().clear();
        self.set_changed();
    }

    /// Which jobs to claim: of a store in memory all, since nobody else could run them.
    pub(crate) fn filter(&self) -> TaskFilter {
        if self.caps.persistent { self.shared.known_tasks() } else { TaskFilter::Any }
    }

    /// What a record means.
    pub(crate) fn decode(&self, record: &JobRecord) -> Result<Arc<Decoded>, super::cache::Problem> {
        self.cache.lock().decode(record, &self.shared.triggers)
    }

    /// Decodes everything anew.
    pub(crate) fn forget_decoded(&self) {
        *self.cache.lock() = Cache::default();
    }

    /// How many jobs one call claims, or commits, at most.
    pub(crate) fn batch(&self, wanted: usize) -> usize {
        wanted.min(self.caps.max_batch.count)
    }

    /// Tells the driver that something may be due earlier than it knows.
    pub(crate) fn changed(&self) {
        self.set_changed();
        self.shared.wake.wake();
    }

    /// Lets the next pass ask when the next job is due.
    pub(crate) fn set_changed(&self) {
        self.changed.store(true, Ordering::Release);
    }

    /// Whether that was said since the last time.
    pub(crate) fn take_changed(&self) -> bool {
        self.changed.swap(false, Ordering::Acquire)
    }

    pub(crate) fn is_watched(&self) -> bool {
        self.watched.load(Ordering::Relaxed)
    }

    pub(crate) fn job_ref(&self, job: &JobId) -> JobRef {
        JobRef { job_id: job.clone(), job_store: self.alias.clone() }
    }

    pub(crate) fn error(&self, source: StoreError) -> SchedulerError {
        SchedulerError::Store { job_store: self.alias.clone(), source }
    }

    /// Whether the store keeps a definition of that size.
    pub(crate) fn check_size(
        &self,
        id: &JobId,
        definition: &Encoded,
    ) -> Result<(), SchedulerError> {
        let (size, limit) = (definition.as_bytes().len(), self.caps.max_definition);
        if size <= limit {
            return Ok(());
        }
        let job_store = self.alias.clone();
        Err(SchedulerError::DefinitionTooLarge { id: id.clone(), job_store, size, limit })
    }
}
