//! A job store under its alias, and what the scheduler knows about it.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use punctual_core::{
    Alias, Clock, Commit, CommitAction, CorruptRecord, DynJobStore, Fence, InFlightRun, JobId,
    Lease, OrphanedRun, StoreCaps, StoreError, TaskFilter, TaskName, TaskRegistry, Timestamp,
};

use super::cache::Cache;
use super::clock::SlotClock;
use super::history::History;
use super::submit::Planned;
use super::zones::ZoneRules;
use crate::health::StoreHealth;
use crate::{HistoryOptions, SchedulerError};

/// The first wait after a store has failed; it doubles up to the retry interval.
const FIRST_BACKOFF: Duration = Duration::from_millis(50);

pub(crate) struct Slot {
    pub alias: Alias,
    pub store: Arc<dyn DynJobStore>,
    pub caps: StoreCaps,
    /// Tells what time it is for this store's jobs.
    pub clock: Arc<SlotClock>,
    /// None when nothing is to be written down.
    pub history: Option<History>,
    pub cache: Mutex<Cache>,
    pub zones: ZoneRules,
    pub health: Mutex<Health>,
    /// Until when what is recorded as this node's is its own; another one after it was over and others have
    /// taken some of it.
    pub lease: Mutex<Lease>,
    /// Changes to make at the next pass: runs to clear, jobs to look at sooner.
    pub settling: Mutex<Vec<Settling>>,
    pub pass: tokio::sync::Mutex<Pass>,
    /// The pass that goes on by itself, if one does.
    pub pass_task: Mutex<Option<tokio::task::AbortHandle>>,
    /// Since when a pass has been under way.
    pub busy_since: Mutex<Option<Timestamp>>,
    /// Runs of jobs that must run at least once, and that no executor has brought to an end.
    pub again: Mutex<Vec<Again>>,
    /// What the store holds and can't be read, as far as it was met.
    pub corrupt: Mutex<Vec<CorruptRecord>>,
    /// Something may be due earlier than the passes know.
    pub changed: AtomicBool,
    /// The store's notifications work, so that polling is not needed.
    watched: AtomicBool,
    /// Waits for the notifications.
    pub watch: Mutex<Option<tokio::task::JoinHandle<()>>>,
}

/// A run that is to be tried again.
#[derive(Clone, Debug)]
pub(crate) struct Again {
    /// When it is tried.
    pub at: Timestamp,
    pub job: JobId,
    /// The fence under which the attempt that has failed is recorded.
    pub fence: Fence,
    /// The next attempt, as it is recorded before it begins.
    pub run: InFlightRun,
    /// The attempt that has failed had begun, so that the next one begins however late it is.
    pub begun: bool,
}

/// A change that follows from the end of a run.
#[derive(Clone, Debug)]
pub(crate) struct Settling {
    pub commit: Commit,
    pub task: TaskName,
    /// It has been tried before, and nobody knows whether it was carried out.
    pub uncertain: bool,
}

impl Settling {
    /// Whether it takes away the record of a run.
    pub(crate) fn clears(&self) -> bool {
        matches!(self.commit.action, CommitAction::ClearRun { .. })
    }
}

/// What the passes over one store remember.
#[derive(Default)]
pub(crate) struct Pass {
    /// What an earlier process of the same identity left has been taken over.
    pub adopted: bool,
    /// Before that it is not: others whose runs are on record may not be back yet.
    pub adopt_from: Option<Timestamp>,
    /// Of the store, when all of this was learnt.
    pub generation: u64,
    /// Runs may be recorded as this node's that it knows nothing of: the answer to a take-over was lost.
    pub lost_track: bool,
    /// There are runs to be taken over, as far as known.
    pub search: bool,
    /// Before that they are not taken: the store was away, perhaps, and the living may not be back yet.
    pub search_from: Option<Timestamp>,
    /// Runs were recorded as this node's when the last pass ended.
    pub holds_runs: bool,
    /// When the node's lease was renewed last.
    pub renewed_at: Option<Timestamp>,
    /// When the next job is due, as far as known.
    pub next_due: Option<Timestamp>,
    /// When that was asked, or told with a renewal; none when it may have changed since.
    pub asked_at: Option<Timestamp>,
    /// Jobs whose commit failed, so that nobody knows whether it was carried out.
    pub uncertain: Vec<Planned>,
    /// Runs that were taken over but can't be run yet.
    pub stranded: Vec<OrphanedRun>,
    /// Jobs that have been reported as unresolved, with the problem's text.
    pub reported: HashMap<JobId, String>,
    /// When jobs of unknown tasks were looked for last.
    pub looked_for_unknown: Option<Timestamp>,
    /// When the store has told last what time it is, by this machine's clock.
    pub told_time_at: Option<Timestamp>,
    /// When old entries of the history are looked for next.
    pub forget_at: Option<Timestamp>,
}

/// Whether the store works, and if not, when it is tried again.
#[derive(Default)]
pub(crate) struct Health {
    failures: u32,
    /// When the first of them was.
    failing_since: Option<Timestamp>,
    pub retry_at: Option<Timestamp>,
    pub last_error: Option<Arc<StoreError>>,
}

impl Slot {
    pub(crate) fn new(
        alias: Alias,
        store: Arc<dyn DynJobStore>,
        clock: Arc<dyn Clock>,
        history: HistoryOptions,
    ) -> Arc<Self> {
        let caps = store.caps();
        let history = if caps.history { History::new(history) } else { None };
        Arc::new(Self {
            alias,
            store,
            caps,
            clock: SlotClock::new(clock),
            history,
            cache: Mutex::default(),
            zones: ZoneRules::default(),
            health: Mutex::default(),
            lease: Mutex::default(),
            settling: Mutex::default(),
            pass: tokio::sync::Mutex::default(),
            pass_task: Mutex::default(),
            busy_since: Mutex::default(),
            again: Mutex::default(),
            corrupt: Mutex::default(),
            changed: AtomicBool::new(true),
            watched: AtomicBool::new(false),
            watch: Mutex::default(),
        })
    }

    /// Which jobs to claim: of a store in memory all, since nobody else could run them.
    pub(crate) fn filter(&self, tasks: &TaskRegistry) -> TaskFilter {
        if self.caps.persistent {
            TaskFilter::Only(Arc::clone(tasks.names()))
        } else {
            TaskFilter::Any
        }
    }

    /// How many jobs one call claims, or commits, at most.
    pub(crate) fn batch(&self, wanted: usize) -> usize {
        wanted.min(self.caps.max_batch.count)
    }

    /// Whether changes wait that the next pass can make at once.
    pub(crate) fn is_unsettled(&self) -> bool {
        !self.settling.lock().is_empty() && self.is_free()
    }

    /// Whether a pass can be made at once. One that is under way wakes the driver when it ends.
    pub(crate) fn is_free(&self) -> bool {
        self.health.lock().retry_at.is_none() && self.busy_since.lock().is_none()
    }

    /// What health checks are told.
    pub(crate) fn store_health(&self) -> StoreHealth {
        let health = self.health.lock();
        StoreHealth {
            alias: self.alias.clone(),
            error: health.last_error.clone(),
            retry_at: health.retry_at.map(|at| self.clock.own(at)),
            busy_since: *self.busy_since.lock(),
            clock_offset_micros: self.clock.offset_micros(),
            corrupt: self.corrupt.lock().clone(),
        }
    }

    pub(crate) fn is_watched(&self) -> bool {
        self.watched.load(Ordering::Relaxed)
    }

    pub(crate) fn set_watched(&self, watched: bool) {
        self.watched.store(watched, Ordering::Relaxed);
    }

    /// Stops waiting for notifications.
    pub(crate) fn stop_watching(&self) {
        if let Some(watch) = self.watch.lock().take() {
            watch.abort();
        }
        self.set_watched(false);
    }

    /// Makes the change at the next pass.
    pub(crate) fn settle(&self, job: &JobId, task: &TaskName, fence: Fence, action: CommitAction) {
        let commit = Commit { id: job.clone(), fence, action };
        self.settling.lock().push(Settling { commit, task: task.clone(), uncertain: false });
    }

    pub(crate) fn error(&self, source: StoreError) -> SchedulerError {
        SchedulerError::Store { job_store: self.alias.clone(), source }
    }
}

impl Health {
    /// Notes a failure and answers when to try again: after `longest` and a quarter of it, at the latest.
    pub(crate) fn failed(
        &mut self,
        error: Arc<StoreError>,
        now: Timestamp,
        longest: Duration,
    ) -> Timestamp {
        let doubled = FIRST_BACKOFF.saturating_mul(1 << self.failures.min(20));
        self.failures = self.failures.saturating_add(1);
        // Up to a quarter more, so that processes that failed together don't return together.
        let wait = doubled.min(longest);
        let retry_at = now.saturating_add(wait.mul_f64(1.0 + fastrand::f64() / 4.0));
        self.failing_since.get_or_insert(now);
        self.retry_at = Some(retry_at);
        self.last_error = Some(error);
        retry_at
    }

    /// How long it has failed again and again.
    pub(crate) fn failing_for(&self, now: Timestamp) -> Duration {
        self.failing_since.map_or(Duration::ZERO, |since| now.saturating_since(since))
    }

    /// Notes a success; whether there had been a failure before.
    pub(crate) fn succeeded(&mut self) -> bool {
        let had_failed = self.failures > 0;
        *self = Self::default();
        had_failed
    }
}
