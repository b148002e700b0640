//! The contract between the scheduler and job stores.

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
mod outcomes;
mod record;
mod transaction;

use std::future::Future;
use std::time::Duration;

pub use batch::{Commit, CommitAction, CommitBatch, CommitOutcome};
pub use caps::{BatchLimit, StoreCaps};
pub use dynamic::{ChangeWatch, DynJobStore};
pub use error::{StoreError, StoreErrorKind};
pub use filter::TaskFilter;
pub use history::{
    HistoryCursor, HistoryRecord, HistoryRecordPage, HistoryRecordQuery, RunHistory,
};
pub use ids::{Fence, NodeId, Revision, RunId};
pub use into::IntoJobStore;
pub use list::{JobCursor, JobRecordPage};
pub use metadata::Metadata;
pub use model::{NodeLease, TakeOverFrom};
pub use outcomes::{
    AddOutcome, Claims, CorruptEntry, CorruptKind, CorruptRecord, OrphanedRun, Renewal, TakeOver,
};
pub use record::{Claim, InFlightRun, JobRecord, NewRecord, RecordUpdate, Schedule, StoredJob};
pub use transaction::{CallerTransaction, TransactionalJobs};

use crate::job::JobId;
use crate::time::Timestamp;

/// Stores jobs, and assigns each due occurrence to exactly one of the schedulers that share the store.
///
/// A store keeps [`JobRecord`]s and never decodes their definitions. Operations do not depend on a clock: every
/// instant is passed as an argument (corrected by the result of [`time`](Self::time) if several machines share the
/// store). Implementors write `async fn`; callers that do not depend on the type use [`DynJobStore`], which every
/// store implements. All methods may be called concurrently, from any thread.
///
/// # The model
///
/// The effect of an operation on a record with its runs is defined by a method of [`StoredJob`], a pure function on
/// plain data; its effect on a node by a method of [`NodeLease`]. These methods are the specification: a store must
/// return the same results and have the same content. The memory store consists of these methods and of indexes. A
/// store whose backend supports only compare-and-swap loads a record, applies a method and swaps. The conformance
/// suite applies random operations to a store and to the model and compares the results (`random`).
///
/// # Atomicity
///
/// Operations on a record with its runs are atomic: a reader sees all effects of an operation on it, or none
/// (`contention::jobs_are_read_atomically`). Batches are not: a store may apply a batch in parts, in any order of the
/// jobs, and if a call fails, some parts may have been applied. The scheduler then repeats the batch, which completes
/// it: each operation on a record is idempotent, or conditional so that a repeat has no effect
/// (`committing::a_repeated_batch_has_the_same_outcome`).
///
/// A store must not retry a call that may have been applied, unless the backend deduplicates it. Automatic retries of
/// the client library must be disabled, because the outcome of the retry would be returned as that of the first call.
///
/// # The life cycle of a record
///
/// A job with a `next_run_time` also has a `due_at`, the instant from which it may be claimed: the same instant, or
/// one that was jittered or postponed. [`claim_due`](Self::claim_due) assigns a due record to a node for the duration
/// of a lease, with a new, larger [`Fence`]. The node plans the runs and settles the claim with a
/// [`commit`](Self::commit) with this fence. A claim is settled once: a later commit with the same fence,
/// including a repeat of the same commit after its runs have finished, has no effect
/// (`committing::a_claim_is_settled_once`). An unsettled claim ends when its lease expires, or when
/// [`take_over`](Self::take_over) determines that its node is expired, whichever is first; the record is then due
/// again, and the next claim increments the claim count of this occurrence ([`JobRecord::claims`]). Every claim, every
/// released claim, every [start outside of the schedule](CommitAction::Start) and every [`update`](Self::update) that
/// does not keep an open claim increases the fence. A late commit therefore has an outdated fence and no effect
/// (`committing::an_outdated_fence_has_no_effect`).
///
/// Fences increase by 1, or by random steps. A backend that can lose an acknowledged write (after a failover, for
/// instance) must use random steps, so that the fence of the claim after a lost one differs from it.
///
/// A run of a [`Recovery::Rerun`](crate::Recovery::Rerun) job may start under its claim, before a commit. The commit that
/// settles the claim records the runs that have not finished by then; they are deleted when they finish. If the claim
/// ends before it is settled, the next claim of the job repeats the run: its attempt is the claim count, its id is
/// [derived](JobRecord::run_id_at) from the job and the run time. Each recorded run is owned by a node. A node is alive as
/// long as it [`renew`](Self::renew)s its lease, with one write regardless of the number of its runs.
/// [`take_over`](Self::take_over) assigns the runs of expired nodes to the caller with a new fence, so that commits of
/// the old owner for them have no effect (`run_takeover::commits_of_the_previous_owner_are_stale`).
///
/// # Corrupt records
///
/// A record that fails validation (for example because of a fence beyond [`Fence::MAX`], a non-numeric attempt or an
/// invalid id) is quarantined: it is returned as a [`CorruptRecord`] next to the valid results, is never run, and
/// does not cause calls for other records to fail. A store either claims a corrupt job like other jobs, so that it is
/// reported once per lease, or omits it from [`next_wakeup`](Self::next_wakeup) and returns it from each
/// [`claim_due`](Self::claim_due). Its key is any text that identifies the record in [`discard`](Self::discard); a
/// damaged id may be empty or long, or contain a line break. Corrupt runs, nodes, metadata and history entries do not
/// cause other calls to fail either (`corruption`).
///
/// # Conformance
///
/// `punctual_testkit::job_store_suite!` tests this contract; a store is complete when it passes. The suite selects
/// its cases by [`StoreCaps`]. The sentences of this documentation name the corresponding cases in parentheses.
pub trait JobStore: RunHistory + TransactionalJobs + Send + Sync + 'static {
    /// Returns the capabilities, which are the same before and after the start.
    fn caps(&self) -> StoreCaps;

    /// Connects, and creates or migrates tables, indexes and the like. The scheduler calls this method before any
    /// other, and again after [`shutdown`](Self::shutdown), possibly in another runtime. Repeated calls have no
    /// effect (`lifecycle::a_second_start_has_no_effect`).
    ///
    /// # Errors
    ///
    /// Returns [`Unavailable`](StoreErrorKind::Unavailable) if the backend is unreachable, and
    /// [`Unsupported`](StoreErrorKind::Unsupported) if its schema is newer than this build.
    fn start(&self) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Closes connections. Persistent data is retained (`lifecycle::data_is_kept_over_a_restart`); data in memory is
    /// retained as long as the store value or a clone of it exists.
    fn shutdown(&self) -> impl Future<Output = ()> + Send;

    /// Adds jobs, in one round trip if the backend supports it, and returns an outcome for each in the given order
    /// (`adding::outcomes_are_in_batch_order`). A job whose id exists is not modified, and the other jobs are
    /// added nevertheless (`adding::an_existing_job_is_not_modified`). The first fence of a job must differ from
    /// all fences of removed jobs with the same id: see [`Fence::random`] (`adding::an_id_can_be_reused`).
    ///
    /// The scheduler passes no more jobs than [`StoreCaps::max_batch`] allows, and no definition larger than
    /// [`StoreCaps::max_definition`] (`values::definitions_of_maximum_size_are_stored`).
    fn add(
        &self,
        records: Vec<NewRecord>,
    ) -> impl Future<Output = Result<Vec<AddOutcome>, StoreError>> + Send;

    /// Updates a job as [`StoredJob::update`] does, if its revision is `expected`, and returns the new revision.
    /// Increases the revision. A new schedule ends a claim (`updating::a_new_schedule_ends_a_claim`); otherwise an
    /// open claim remains valid (`updating::a_new_definition_keeps_a_claim`), and a job without one is due at its
    /// `next_run_time` (`updating::a_new_definition_makes_a_postponed_job_due`).
    ///
    /// # Errors
    ///
    /// Returns [`NotFound`](StoreErrorKind::NotFound) if the job does not exist, and
    /// [`Conflict`](StoreErrorKind::Conflict) if its revision or the
    /// [`expected_run_time`](RecordUpdate::expected_run_time) of the update does not match.
    fn update(
        &self,
        id: &JobId,
        expected: Revision,
        update: RecordUpdate,
    ) -> impl Future<Output = Result<Revision, StoreError>> + Send;

    /// Removes jobs with their in-flight runs, in one round trip if the backend supports it. Returns for each, in the
    /// given order, whether it existed (`adding::a_removed_job_no_longer_exists`). The scheduler passes no more ids
    /// than the count of [`StoreCaps::max_batch`]; a store may remove them in several steps.
    fn remove(&self, ids: &[JobId]) -> impl Future<Output = Result<Vec<bool>, StoreError>> + Send;

    /// Returns a job with its claim and its runs as a consistent snapshot; the runs are ordered by id
    /// (`contention::jobs_are_read_atomically`).
    ///
    /// # Errors
    ///
    /// Returns [`Corrupt`](StoreErrorKind::Corrupt) if the job, or a run of it, can't be decoded.
    fn get(&self, id: &JobId)
    -> impl Future<Output = Result<Option<StoredJob>, StoreError>> + Send;

    /// Returns up to `limit` jobs after the cursor: ordered by `next_run_time`, jobs without one last, then by id in
    /// UTF-8 byte order (`listing`). A limit of 0 returns an empty page without a cursor.
    fn list(
        &self,
        after: Option<&JobCursor>,
        limit: usize,
    ) -> impl Future<Output = Result<JobRecordPage, StoreError>> + Send;

    /// Claims up to `limit` records for `node`, as [`StoredJob::claim`] does: those that are
    /// [claimable](StoredJob::is_claimable) at `now` and whose task matches the filter, in order of `due_at`; records
    /// with equal `due_at` are in any order (`claiming::the_earliest_jobs_are_claimed_up_to_the_limit`). Takes one
    /// round trip if the backend supports it. The scheduler passes no larger limit than the count of
    /// [`StoreCaps::max_batch`]; a store may claim in several steps within the call. The node has renewed its lease
    /// before the call.
    ///
    /// It may return fewer than `limit` records although more are due, for example because of a race or a size limit.
    /// [`Claims::has_more`] is true if more may be due, also after a full batch; if it is false, no other record was
    /// due (`claiming::has_more_is_set_while_more_is_due`).
    fn claim_due(
        &self,
        node: &NodeId,
        now: Timestamp,
        limit: usize,
        lease: Duration,
        filter: &TaskFilter,
    ) -> impl Future<Output = Result<Claims, StoreError>> + Send;

    /// Applies each commit as [`StoredJob::commit`] does, and returns an outcome for each in the given order. A
    /// commit for a job that does not exist is [`Stale`](CommitOutcome::Stale). Commits for the same job are applied
    /// in order (`committing::commits_for_one_job_are_applied_in_order`). Takes one round trip for the whole
    /// batch, which is durable when the call returns.
    ///
    /// The history records are written before the call returns, independently of the outcomes of the commits in the
    /// same batch. They may be written in another transaction. An existing record with the same
    /// [cursor](HistoryRecord::cursor) is not modified (`history::a_repeated_entry_is_not_modified`). A batch may
    /// contain only history records. Stores without a history receive none.
    fn commit(
        &self,
        batch: CommitBatch,
    ) -> impl Future<Output = Result<Vec<CommitOutcome>, StoreError>> + Send;

    /// Sets the expiry of the node's lease: the node is alive before `until` and expired from then on. An instant not
    /// later than `now` expires the lease immediately, which releases the node's runs and claims for take-over. The
    /// result refers to jobs whose task matches the filter. Only the lease is written; the rest of the result may be
    /// read slightly later. An idle node makes only this call, every few seconds. It should therefore take as few round
    /// trips as possible: one if the backend supports it, or one swap and one index read for compare-and-swap
    /// backends.
    ///
    /// A store may delete the lease of a node that has been expired for a week. This includes a
    /// [revoked](NodeLease::REVOKED) lease if the time of its revocation is known. The lease should be kept as long as
    /// runs or claims of the node are recorded. If such a node renews again, `expired` is false, as for an unknown
    /// node. This is safe: its runs and claims were taken over long before, so its commits for them are
    /// [`Stale`](CommitOutcome::Stale).
    fn renew(
        &self,
        node: &NodeId,
        now: Timestamp,
        until: Timestamp,
        filter: &TaskFilter,
    ) -> impl Future<Output = Result<Renewal, StoreError>> + Send;

    /// Takes over runs and claims of jobs whose task matches the filter: assigns up to `limit` runs to `node`, as
    /// [`StoredJob::take_over`] does, and releases up to `limit` claims, as [`StoredJob::release`] does. They are
    /// those of nodes that are unknown or expired at `now`, or those of the caller that it does not know. A node that
    /// restarts with the same id recovers its earlier runs this way
    /// (`run_takeover::a_restarted_node_takes_over_only_its_own_runs`).
    ///
    /// If a call takes over fewer than `limit` runs, and does not return [`has_more`](TakeOver::has_more), no others are
    /// left; the same applies to claims (`run_takeover::at_most_limit_runs_are_taken_over`). Each run and claim is taken
    /// over separately: a call that fails may have taken over some, and a repeat takes over the rest. A store may take
    /// over in several steps within the call. If two nodes take over concurrently, each run is assigned to exactly one
    /// of them (`contention::each_orphaned_run_is_taken_over_once`).
    ///
    /// A node that renews concurrently either keeps its runs or receives `expired: true`. For this purpose a store
    /// [revokes](NodeLease::REVOKED) the expired lease before it takes over anything. If the renewal comes first, the
    /// runs are kept; otherwise the renewal returns `expired: true`, even if its `now` is earlier than the expiry
    /// (`contention::a_node_keeps_its_runs_or_renews_as_expired`). The lease of the caller does not change if it takes
    /// over only from itself.
    fn take_over(
        &self,
        node: &NodeId,
        from: &TakeOverFrom,
        now: Timestamp,
        limit: usize,
        filter: &TaskFilter,
    ) -> impl Future<Output = Result<TakeOver, StoreError>> + Send;

    /// Returns the earliest instant at which a job whose task matches the filter can be claimed: its due time, or the
    /// expiry of its claim (`next_wakeup`).
    fn next_wakeup(
        &self,
        filter: &TaskFilter,
    ) -> impl Future<Output = Result<Option<Timestamp>, StoreError>> + Send;

    /// Returns the metadata of schedulers, ordered by key: at most some hundred entries.
    fn metadata(&self) -> impl Future<Output = Result<Metadata, StoreError>> + Send;

    /// Sets a metadata value, replacing an existing value of the same key. Keys have 1 to 255 bytes; values may be
    /// empty or longer. Metadata persists after the removal of jobs (`metadata`).
    fn set_metadata(
        &self,
        key: &str,
        value: &str,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Deletes a corrupt record, with its runs if it is a job. Returns whether it existed.
    fn discard(
        &self,
        record: &CorruptRecord,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Subscribes to changes made by other processes. Returns `None` if the backend has no notifications
    /// ([`StoreCaps::notify`]): the scheduler then polls with a limited sleep. Only changes after the call has
    /// returned are reported, so the caller must read the current state once afterwards (`notifications`).
    fn watch(
        &self,
    ) -> impl Future<Output = Result<Option<Box<dyn ChangeWatch>>, StoreError>> + Send {
        async { Ok(None) }
    }

    /// Returns the current time of the backend's clock, if it has one ([`StoreCaps::clock`]): the common clock of all
    /// machines that share the store. The scheduler calls this method at each start, and whenever the last
    /// [`renew`](Self::renew), which returns the time as well, is too long ago.
    fn time(&self) -> impl Future<Output = Result<Option<Timestamp>, StoreError>> + Send {
        async { Ok(None) }
    }

    /// Returns the number of times this store value has detected that the storage of its jobs was
    /// [replaced](StoreErrorKind::Replaced). The call that detects it fails with that kind. If the number changes, the
    /// scheduler treats its leases and claims as lost, even if another caller received the error.
    fn generation(&self) -> u64 {
        0
    }
}
