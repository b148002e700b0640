//! The contract between the scheduler and the stores that keep its jobs.

mod batch;
mod dynamic;
mod error;
mod history;
mod ids;
mod list;
mod record;
mod transaction;

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

pub use batch::{Commit, CommitAction, CommitBatch, CommitOutcome};
pub use dynamic::{ChangeWatch, DynJobStore};
pub use error::{StoreError, StoreErrorKind};
pub use history::{HistoryCursor, HistoryEntry, HistoryPage, HistoryQuery, RunHistory};
pub use ids::{Fence, NodeId, Revision, RunId};
pub use list::{JobCursor, JobPage};
pub use record::{
    AddOutcome, Claim, InFlightRun, JobRecord, NewRecord, OrphanedRun, RecordUpdate, Renewal,
    Schedule,
};
pub use transaction::{CallerTransaction, TransactionalJobs};

use crate::job::JobId;
use crate::task::TaskName;
use crate::time::Timestamp;

/// Keeps jobs, and hands each due occurrence to exactly one of the schedulers that share it.
///
/// A store keeps [`JobRecord`]s and never decodes them. It acts by no clock: every instant comes in as
/// an argument (for stores that several machines share, corrected by what [`time`](Self::time) said).
/// Implementors write `async fn`; callers that don't know the type use [`DynJobStore`], which every
/// store implements. All methods may be called at the same time, from any thread, and each is atomic:
/// whoever looks sees all of its effect or none.
///
/// # A record's life
///
/// A job that has a `next_run_time` also has a `due_at`, the instant from which it may be claimed: the
/// same instant, or a jittered or postponed one. [`claim_due`](Self::claim_due) takes records whose
/// `due_at` has come, moves their `due_at` one lease ahead, which hides them from other claims, and gives
/// each a new, larger [`Fence`]. The claimer plans and [`commit`](Self::commit)s. If it dies in between,
/// the lease runs out and the record is due again. Since every claim, every [`update`](Self::update) and
/// every [start outside of the schedule](CommitAction::Start) raises the fence, whoever comes late has an
/// old one and changes nothing.
///
/// Runs of [`Recovery::Rerun`](crate::Recovery::Rerun) jobs are recorded in the commit that advances
/// their job, before they start, and cleared when they end. Each belongs to a node; a node is alive as
/// long as it [`renew`](Self::renew)s its lease, with one write however many runs it has. The answer tells
/// all that a scheduler with nothing to do must know.
/// [`take_over`](Self::take_over) moves the runs of dead nodes to the caller with a new fence, so that
/// the old owner, should it come back, can finish nothing.
///
/// # What the conformance suite checks
///
/// `punctual_testkit::job_store_suite!` is the contract in executable form; a store is done when it
/// passes. [`StoreCaps`] chooses the cases.
pub trait JobStore: Send + Sync + 'static {
    /// What the store can do.
    fn caps(&self) -> StoreCaps;

    /// Connects and prepares tables, indexes and the like; migrates older ones. Called before anything
    /// else, again after [`shutdown`](Self::shutdown), and harmless when repeated. May be called in
    /// another runtime each time.
    ///
    /// # Errors
    ///
    /// [`Unavailable`](StoreErrorKind::Unavailable) when the backend can't be reached,
    /// [`Unsupported`](StoreErrorKind::Unsupported) when its schema is newer than this build.
    fn start(&self) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Closes connections. What is stored stays; what is kept in memory, as long as the store value (or
    /// a clone of it) lives, so that a scheduler that is started again has its jobs.
    fn shutdown(&self) -> impl Future<Output = ()> + Send;

    /// Adds the jobs, in one round trip where the backend can. Answers for each in the order given; one
    /// whose id exists is left as it is, the others are added all the same. The first fence of a job is
    /// none that a removed job of the same id ever had: see [`Fence::random`].
    fn add(
        &self,
        records: Vec<NewRecord>,
    ) -> impl Future<Output = Result<Vec<AddOutcome>, StoreError>> + Send;

    /// Changes a job if its revision is still `expected`, and answers the new one. Raises revision and
    /// fence and ends a claim: without a new schedule the job is due at its `next_run_time` again.
    ///
    /// # Errors
    ///
    /// [`NotFound`](StoreErrorKind::NotFound); [`Conflict`](StoreErrorKind::Conflict) when somebody
    /// else changed the job in between, or when it has not the update's
    /// [`expected_run_time`](RecordUpdate::expected_run_time).
    fn update(
        &self,
        id: &JobId,
        expected: Revision,
        update: RecordUpdate,
    ) -> impl Future<Output = Result<Revision, StoreError>> + Send;

    /// Removes a job and its in-flight runs; whether there was one.
    fn remove(&self, id: &JobId) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Removes all jobs and in-flight runs; how many jobs there were. Notes stay.
    fn remove_all(&self) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// The job of that id.
    fn get(&self, id: &JobId)
    -> impl Future<Output = Result<Option<JobRecord>, StoreError>> + Send;

    /// Up to `limit` jobs after the cursor: soonest `next_run_time` first, those without one last, ties
    /// by id, which sort as their UTF-8 bytes do. A limit of 0 gives an empty page and no cursor.
    fn list(
        &self,
        after: Option<&JobCursor>,
        limit: usize,
    ) -> impl Future<Output = Result<JobPage, StoreError>> + Send;

    /// Claims up to `limit` records with `due_at <= now` whose task passes the filter, soonest first,
    /// for `lease`: sets `due_at` to `now + lease` and raises the fence. One round trip.
    fn claim_due(
        &self,
        now: Timestamp,
        limit: usize,
        lease: Duration,
        filter: &TaskFilter,
    ) -> impl Future<Output = Result<Vec<Claim>, StoreError>> + Send;

    /// Carries out the commits and answers for each in the order given. A commit whose fence is not the
    /// record's (or the run's) changes nothing and is answered with [`CommitOutcome::Stale`]. One round
    /// trip for the whole batch, which is durable when this returns. Commits for the same job are
    /// carried out in order.
    ///
    /// The entries of the history are written in the same transaction and the same round trip, whatever
    /// becomes of the commits beside them: they tell what has happened. One whose
    /// [key](HistoryEntry::key) is there already is left as it is. A batch may have entries and no
    /// commits. Stores without a history never get any.
    ///
    /// A caller that got an error doesn't know whether the batch was carried out, and repeats it: a
    /// commit whose fence still holds has the same outcome however often it is made (a run that is
    /// recorded already stays as it is), except that a removal, and a [`Start`](CommitAction::Start), is
    /// answered with `Stale` the second time.
    fn commit(
        &self,
        batch: CommitBatch,
    ) -> impl Future<Output = Result<Vec<CommitOutcome>, StoreError>> + Send;

    /// Declares the node alive until the given instant, from which on it is dead; one that is not later
    /// than `now` gives its runs away at once. Answers what the node must know, for jobs whose task passes
    /// the filter. One round trip, since each node asks every few seconds, and nothing else when it has
    /// nothing to do. Only the lease is written; the rest may be read a moment later.
    ///
    /// A store may forget nodes that have been dead for a week.
    fn renew(
        &self,
        node: &NodeId,
        now: Timestamp,
        until: Timestamp,
        filter: &TaskFilter,
    ) -> impl Future<Output = Result<Renewal, StoreError>> + Send;

    /// Moves up to `limit` in-flight runs whose node is unknown or dead at `now` to `node`: each gets a
    /// larger fence and its attempt is counted up. Only runs of jobs whose task passes the filter. The
    /// caller's own runs are no exception: they stay if it has renewed, and come back to it if it has not,
    /// which is how a node that keeps its name over a restart gets hold of what it left behind.
    ///
    /// Whoever sees that a run is a node's must see that the node has renewed before it took it: nodes come
    /// to life while others search. And a node whose runs are taken is dead until it renews again, also by a
    /// `now` from before its end: a renewal may be long on its way.
    fn take_over(
        &self,
        node: &NodeId,
        now: Timestamp,
        limit: usize,
        filter: &TaskFilter,
    ) -> impl Future<Output = Result<Vec<OrphanedRun>, StoreError>> + Send;

    /// The runs of a job that are recorded as in flight, of all nodes, in the order of their ids.
    fn in_flight(
        &self,
        id: &JobId,
    ) -> impl Future<Output = Result<Vec<InFlightRun>, StoreError>> + Send;

    /// The earliest `due_at` of the jobs whose task passes the filter.
    fn next_wakeup(
        &self,
        filter: &TaskFilter,
    ) -> impl Future<Output = Result<Option<Timestamp>, StoreError>> + Send;

    /// All notes, in the order of their keys' bytes: small texts that schedulers leave for each other. There
    /// are few, some hundred at most.
    fn notes(&self) -> impl Future<Output = Result<Vec<(String, String)>, StoreError>> + Send;

    /// Leaves a note, in place of the one under that key if there is one. Keys are not empty and not longer
    /// than 255 bytes; texts may be both. Notes outlive the jobs: [`remove_all`](Self::remove_all) leaves
    /// them.
    fn set_note(
        &self,
        key: &str,
        text: &str,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Watches for changes that other processes make; `None` where the backend has no notifications:
    /// the scheduler then polls with a capped sleep. Tells of what changes after it has answered; so
    /// whoever watches looks once more then.
    fn watch(
        &self,
    ) -> impl Future<Output = Result<Option<Box<dyn ChangeWatch>>, StoreError>> + Send {
        async { Ok(None) }
    }

    /// What the backend's own clock says now, where machines whose clocks differ share the backend: it
    /// is the one clock that they have in common. `None` where the caller's clock is as good, such as for
    /// a file or memory. Asked at each start, and when too much time has gone by since an answer of
    /// [`renew`](Self::renew), which tells it too.
    fn time(&self) -> impl Future<Output = Result<Option<Timestamp>, StoreError>> + Send {
        async { Ok(None) }
    }

    /// Counts how often the store has found, since it was made, that what it keeps its jobs in was
    /// [replaced](StoreErrorKind::Replaced) by something else. The call that finds it fails with that kind; a
    /// scheduler sees by this number that its leases and claims are gone, also when the call was not its own.
    fn generation(&self) -> u64 {
        0
    }

    /// The runs that have ended, if the store writes them down when they come with
    /// [`commit`](Self::commit); the same answer as [`StoreCaps::history`].
    fn history(&self) -> Option<&dyn RunHistory> {
        None
    }

    /// Changes inside a transaction of the caller's, if the backend has transactions that reach across
    /// the user's own data and the jobs.
    fn transactional(&self) -> Option<&dyn TransactionalJobs> {
        None
    }
}

/// What a store can do; selects the cases of the conformance suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreCaps {
    /// Jobs outlive the process, so closures can't be kept.
    pub persistent: bool,
    /// Several processes may use the same jobs.
    pub shared: bool,
    /// The finest difference between two instants that it keeps.
    pub precision: Duration,
    /// [`JobStore::watch`] tells of changes.
    pub notify: bool,
    /// [`JobStore::history`] keeps the runs that have ended.
    pub history: bool,
}

impl StoreCaps {
    /// A store in this process's memory, exact to the microsecond.
    #[must_use]
    pub const fn memory() -> Self {
        Self {
            persistent: false,
            shared: false,
            precision: Duration::from_micros(1),
            notify: false,
            history: false,
        }
    }

    /// A store that outlives the process and that many processes may share, exact to the microsecond,
    /// without notifications.
    #[must_use]
    pub const fn shared() -> Self {
        Self { persistent: true, shared: true, ..Self::memory() }
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
}

/// Which jobs a scheduler can run, by their task.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TaskFilter {
    /// All of them.
    Any,
    /// Those of these tasks; the others are left to processes that know them.
    Only(Arc<BTreeSet<TaskName>>),
}

impl TaskFilter {
    /// Whether jobs of this task pass.
    #[must_use]
    pub fn passes(&self, task: &TaskName) -> bool {
        match self {
            Self::Any => true,
            Self::Only(names) => names.contains(task),
        }
    }
}
