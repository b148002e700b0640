//! The contract between the scheduler and the stores that keep its jobs.

mod answers;
mod batch;
mod caps;
mod dynamic;
mod error;
mod filter;
mod history;
mod ids;
mod into;
mod list;
mod metadata;
mod model;
mod record;
mod transaction;

use std::future::Future;
use std::time::Duration;

pub use answers::{AddOutcome, Claims, CorruptKind, CorruptRecord, OrphanedRun, Renewal, TakeOver};
pub use batch::{Commit, CommitAction, CommitBatch, CommitOutcome};
pub use caps::{BatchLimit, StoreCaps};
pub use dynamic::{ChangeWatch, DynJobStore};
pub use error::{StoreError, StoreErrorKind};
pub use filter::TaskFilter;
pub use history::{HistoryCursor, HistoryEntry, HistoryPage, HistoryQuery, RunHistory};
pub use ids::{Fence, NodeId, Revision, RunId};
pub use into::IntoJobStore;
pub use list::{JobCursor, JobPage};
pub use metadata::Metadata;
pub use model::NodeLease;
pub use record::{Claim, InFlightRun, JobRecord, NewRecord, RecordUpdate, Schedule, StoredJob};
pub use transaction::{CallerTransaction, TransactionalJobs};

use crate::job::JobId;
use crate::time::Timestamp;

/// Keeps jobs, and gives each due occurrence to exactly one of the schedulers that share it.
///
/// A store keeps [`JobRecord`]s and never decodes their definitions. It acts by no clock: every instant comes in
/// as an argument (for stores that several machines share, corrected by what [`time`](Self::time) returned).
/// Implementors write `async fn`; callers that don't know the type use [`DynJobStore`], which every store
/// implements. All methods may be called at the same time, from any thread.
///
/// # The model
///
/// What an operation does to a record with its runs is a method of [`StoredJob`], a pure function on plain data;
/// what it does to a node, one of [`NodeLease`]. They are the specification: a store gives the same answers and
/// has the same content. The memory store is these functions with indexes. A store whose backend has only
/// compare-and-swap loads a record, applies one of them and swaps. The conformance suite plays random operations
/// to a store and to the model, and compares (`random`).
///
/// # What is atomic
///
/// A record with its runs is: whoever looks at it sees all of an operation's effect on it, or none
/// (`racing::records_are_seen_whole`). A batch is not: a store may carry it out in parts, in any order of the
/// jobs, and when a call fails, some of its parts may have been carried out. The scheduler repeats the batch,
/// which settles the rest: each operation on a record is idempotent, or guarded so that a repeat changes
/// nothing (`committing::a_repeated_batch_has_the_same_outcome`).
///
/// A store repeats no call that may have been carried out, unless its backend recognizes the repeat: a client
/// library that sends again by itself is configured not to. The scheduler would take the outcome of the repeat
/// for that of the first.
///
/// # A record's life
///
/// A job that has a `next_run_time` also has a `due_at`, the instant from which it may be claimed: the same
/// instant, or a jittered or postponed one. [`claim_due`](Self::claim_due) gives a due record to a node for the
/// length of a lease, with a new, larger [`Fence`]. The node plans and settles the claim with a
/// [`commit`](Self::commit) that names this fence. A claim is settled once: whatever arrives later with the same
/// fence, also a repeat of the same commit after its runs have ended, changes nothing
/// (`committing::a_claim_is_settled_once`). A claim that is not settled ends with its lease, or when
/// [`take_over`](Self::take_over) finds its node dead, whichever is first; the record is due again, and the next
/// claim is counted as the next of this occurrence ([`JobRecord::claims`]). Since every claim, every
/// [`update`](Self::update) and every [start outside of the schedule](CommitAction::Start) raises the fence,
/// whoever comes late has an old one and changes nothing (`committing::an_old_fence_changes_nothing`).
///
/// Fences rise by 1, or by random steps: a backend that can forget an acknowledged write (after a failover, for
/// instance) needs the latter, so that the claim that comes after a forgotten one has another fence.
///
/// Runs of [`Recovery::Rerun`](crate::Recovery::Rerun) jobs are recorded in the commit that settles the claim,
/// before they start, and cleared when they end. Each belongs to a node. A node is alive as long as it
/// [`renew`](Self::renew)s its lease, with one write however many runs it has. [`take_over`](Self::take_over)
/// moves the runs of dead nodes to the caller with a new fence, so that the old owner, should it come back, can
/// finish nothing (`recovering::the_old_owner_can_finish_nothing`).
///
/// # What can't be read
///
/// A record that makes no sense (a fence beyond [`Fence::MAX`], an attempt that is no number, an id that is no
/// id) is set aside: it is returned as a [`CorruptRecord`] beside what can be read, nothing is run by it, and it
/// fails no call for other records. A store either claims it like others, so that it is met once in a lease, or
/// leaves it out of [`next_wakeup`](Self::next_wakeup) and returns it at each [`claim_due`](Self::claim_due). The
/// key that it is reported under is any text that the store recognizes in [`discard`](Self::discard); a damaged id
/// may be empty, long, or contain a line break. Runs, nodes, metadata and the history fail no call for others
/// either (`corruption`).
///
/// # What the conformance suite checks
///
/// `punctual_testkit::job_store_suite!` is the contract in executable form; a store is done when it passes.
/// [`StoreCaps`] chooses the cases. Sentences here name theirs, in parentheses.
pub trait JobStore: RunHistory + TransactionalJobs + Send + Sync + 'static {
    /// What the store can do. It returns the same before and after its start.
    fn caps(&self) -> StoreCaps;

    /// Connects and prepares tables, indexes and the like; migrates older ones. The scheduler calls it before
    /// anything else, and again after [`shutdown`](Self::shutdown), perhaps in another runtime. A repeated call
    /// changes nothing (`starting::starting_twice_is_harmless`).
    ///
    /// # Errors
    ///
    /// [`Unavailable`](StoreErrorKind::Unavailable) when the backend can't be reached,
    /// [`Unsupported`](StoreErrorKind::Unsupported) when its schema is newer than this build.
    fn start(&self) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Closes connections. What is stored stays (`starting::it_starts_again_with_its_jobs`); what is kept in
    /// memory, as long as the store value or a clone of it lives.
    fn shutdown(&self) -> impl Future<Output = ()> + Send;

    /// Adds the jobs, in one round trip where the backend can, and returns an outcome for each in the order
    /// given (`adding::a_batch_is_answered_in_its_order`). One whose id exists is left as it is, and the others
    /// are added all the same (`adding::a_job_that_exists_is_left_as_it_is`). The first fence of a job is none
    /// that a removed job of the same id ever had: see [`Fence::random`] (`adding::an_id_can_be_used_again`).
    ///
    /// The scheduler passes no more than [`StoreCaps::max_batch`], and no definition larger than
    /// [`StoreCaps::max_definition`] (`values::definitions_of_full_size_are_kept`).
    fn add(
        &self,
        records: Vec<NewRecord>,
    ) -> impl Future<Output = Result<Vec<AddOutcome>, StoreError>> + Send;

    /// Changes a job as [`StoredJob::update`] does, if its revision is still `expected`, and returns the new
    /// one. Raises revision and fence, and ends a claim: without a new schedule the job is due at its
    /// `next_run_time` (`changing::an_update_ends_a_claim`).
    ///
    /// # Errors
    ///
    /// [`NotFound`](StoreErrorKind::NotFound); [`Conflict`](StoreErrorKind::Conflict) when somebody else has
    /// changed the job in between, or when it has not the update's
    /// [`expected_run_time`](RecordUpdate::expected_run_time).
    fn update(
        &self,
        id: &JobId,
        expected: Revision,
        update: RecordUpdate,
    ) -> impl Future<Output = Result<Revision, StoreError>> + Send;

    /// Removes jobs with their in-flight runs, in one round trip where the backend can. Returns for each, in the
    /// order given, whether it was there (`adding::a_removed_job_is_gone`). The scheduler passes no more ids than
    /// [`StoreCaps::max_batch`] counts; a store may remove them in steps.
    fn remove(&self, ids: &[JobId]) -> impl Future<Output = Result<Vec<bool>, StoreError>> + Send;

    /// The job of that id with its claim and its runs, all as of one moment; the runs in the order of their ids
    /// (`racing::records_are_seen_whole`).
    ///
    /// # Errors
    ///
    /// [`Corrupt`](StoreErrorKind::Corrupt) when it, or a run of it, can't be read.
    fn get(&self, id: &JobId)
    -> impl Future<Output = Result<Option<StoredJob>, StoreError>> + Send;

    /// Up to `limit` jobs after the cursor: soonest `next_run_time` first, those without one last, ties by id,
    /// which sort as their UTF-8 bytes do (`listing`). A limit of 0 gives an empty page and no cursor.
    fn list(
        &self,
        after: Option<&JobCursor>,
        limit: usize,
    ) -> impl Future<Output = Result<JobPage, StoreError>> + Send;

    /// Claims up to `limit` records for `node`, as [`StoredJob::claim`] does: those that are
    /// [claimable](StoredJob::is_claimable) at `now` and whose task passes the filter, with the earliest `due_at`
    /// first; those with the same are in any order (`claiming::soonest_first_up_to_the_limit`). One round trip
    /// where the backend can. The scheduler passes no larger limit than [`StoreCaps::max_batch`] counts; a store
    /// may claim in steps inside the call. The node has renewed its lease before it claims.
    ///
    /// It may return fewer than `limit` although more are due (it lost a race, or met a limit of size), and says
    /// so: [`Claims::more`]. It is true when more may be due, also after a full batch; where it is false,
    /// nothing else was due (`claiming::it_says_whether_more_is_due`).
    fn claim_due(
        &self,
        node: &NodeId,
        now: Timestamp,
        limit: usize,
        lease: Duration,
        filter: &TaskFilter,
    ) -> impl Future<Output = Result<Claims, StoreError>> + Send;

    /// Carries out each commit as [`StoredJob::commit`] does, and returns an outcome for each in the order given.
    /// A commit for a job that is gone is [`Stale`](CommitOutcome::Stale). Commits for the same job are carried
    /// out in order (`committing::commits_for_one_job_are_carried_out_in_order`). One round trip for the whole
    /// batch, which is durable when this returns.
    ///
    /// The entries of the history are written before this returns, whatever becomes of the commits beside them:
    /// they report what has happened. They need not be in the same transaction. One whose
    /// [key](HistoryEntry::key) is there already is left as it is (`remembering::a_repeated_entry_stays_as_it_is`).
    /// A batch may have entries and no commits. Stores without a history never get any.
    fn commit(
        &self,
        batch: CommitBatch,
    ) -> impl Future<Output = Result<Vec<CommitOutcome>, StoreError>> + Send;

    /// Sets the node's lease: it is alive until the given instant, from which on it is dead. One that is not
    /// later than `now` gives its runs and claims away at once. Returns what the node must know, for jobs whose
    /// task passes the filter. As few round trips as the backend allows, since each node calls it every few
    /// seconds, and nothing else when it has nothing to do: one where the backend can, one swap and one read of an
    /// index where it has only compare-and-swap. Only the lease is written; the rest may be read a moment later.
    ///
    /// A store may forget nodes that have been dead for a week, those with a [revoked](NodeLease::REVOKED) lease
    /// like others, if it knows since when; better none whose runs or claims are still recorded. A forgotten node
    /// that comes back is told `expired: false`, as one that was not known. After a week that does no harm: others
    /// have taken its runs and claims long ago, and each of its commits for them is
    /// [`Stale`](CommitOutcome::Stale).
    fn renew(
        &self,
        node: &NodeId,
        now: Timestamp,
        until: Timestamp,
        filter: &TaskFilter,
    ) -> impl Future<Output = Result<Renewal, StoreError>> + Send;

    /// Takes over what nodes that are unknown or dead at `now` have left, of jobs whose task passes the filter:
    /// moves up to `limit` runs to `node`, as [`StoredJob::take_over`] does, and releases up to `limit` claims, as
    /// [`StoredJob::release`] does. The caller's own are no exception: they stay if it has renewed, and come back
    /// to it if it has not, which is how a node that keeps its name over a restart gets what it left behind
    /// (`recovering::a_node_gets_hold_of_what_it_left_behind`).
    ///
    /// It takes fewer than `limit` of both only when nothing else is left (`recovering::only_so_many_are_taken_over`).
    /// Each run and claim is taken by itself: a call that fails may have taken some, and a repeat takes the rest.
    /// The limit may be any number, also one far beyond [`StoreCaps::max_batch`]: a scheduler that comes back under
    /// its name wants in one call whatever it left behind. A store may take it in steps inside the call.
    /// Of two that take over at the same time each run goes to one (`racing::each_orphan_goes_to_one_heir`). A
    /// node that renews at that moment keeps its runs, or is told: either its renewal is seen, or its lease is
    /// [revoked](NodeLease::REVOKED) before anything of it is taken, and its renewal returns that it had expired,
    /// also with a `now` from before its end (`racing::a_node_keeps_its_runs_or_is_told`).
    fn take_over(
        &self,
        node: &NodeId,
        now: Timestamp,
        limit: usize,
        filter: &TaskFilter,
    ) -> impl Future<Output = Result<TakeOver, StoreError>> + Send;

    /// The earliest instant at which a job whose task passes the filter can be claimed: when it is due, or when
    /// the claim on it expires (`waking`).
    fn next_wakeup(
        &self,
        filter: &TaskFilter,
    ) -> impl Future<Output = Result<Option<Timestamp>, StoreError>> + Send;

    /// The values that schedulers keep beside the jobs, by key. There are few, some hundred at most.
    fn metadata(&self) -> impl Future<Output = Result<Metadata, StoreError>> + Send;

    /// Sets a value, in place of the one under that key if there is one. Keys are not empty and not longer than
    /// 255 bytes; values may be both. They outlive the jobs (`keeping`).
    fn set_metadata(
        &self,
        key: &str,
        value: &str,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Removes something that can't be read, with its runs if it is a job; whether it was there.
    fn discard(
        &self,
        record: &CorruptRecord,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Watches for changes that other processes make; `None` where the backend has no notifications
    /// ([`StoreCaps::notify`]): the scheduler then polls with a capped sleep. It reports what changes after it has
    /// returned, so that whoever watches looks once more then (`watching`).
    fn watch(
        &self,
    ) -> impl Future<Output = Result<Option<Box<dyn ChangeWatch>>, StoreError>> + Send {
        async { Ok(None) }
    }

    /// What the backend's own clock shows now, if it has one ([`StoreCaps::clock`]): where machines whose clocks
    /// differ share it, it is the one clock that they have in common. The scheduler asks at each start, and when
    /// too much time has gone by since a [`renew`](Self::renew), which returns it too.
    fn time(&self) -> impl Future<Output = Result<Option<Timestamp>, StoreError>> + Send {
        async { Ok(None) }
    }

    /// Counts how often the store has found, since it was made, that what it keeps its jobs in was
    /// [replaced](StoreErrorKind::Replaced) by something else. The call that finds it fails with that kind; a
    /// scheduler sees by this number that its leases and claims are gone, also when the call was not its own.
    fn generation(&self) -> u64 {
        0
    }
}
