//! Calls that concern one job, with their responses and times.

use punctual_core::{
    AddOutcome, CommitAction, CommitOutcome, Fence, JobRecord, NewRecord, NodeId, OrphanedRun,
    RecordUpdate, Revision, StoreErrorKind, StoredJob, Timestamp,
};

/// A call of the store.
#[derive(Clone, Debug)]
pub(super) enum Call {
    Get,
    Update { expected: Revision, update: RecordUpdate },
    Remove,
    Add(Box<NewRecord>),
    Claim { node: NodeId, now: Timestamp },
    Commit { fence: Fence, action: CommitAction },
    TakeOver { node: NodeId },
}

/// Whether the fence of a commit is that of a run instead of the job.
pub(super) fn is_of_run(action: &CommitAction) -> bool {
    matches!(action, CommitAction::ClearRun { .. } | CommitAction::RetryRun { .. })
}

/// The response of the store.
#[derive(Clone, Debug)]
pub(super) enum Response {
    Got(Option<Box<StoredJob>>),
    Updated(Result<Revision, StoreErrorKind>),
    Removed(bool),
    Added(AddOutcome),
    Claimed { record: Option<Box<JobRecord>>, more: bool },
    Committed(CommitOutcome),
    TookOver { runs: Vec<OrphanedRun>, released: usize },
}

/// A call with its response. A call precedes another if it returned before the other was invoked. The times are values
/// of a counter that all tasks of a history share.
#[derive(Clone, Debug)]
pub(super) struct CompletedCall {
    pub(super) task: usize,
    pub(super) invoked_at: usize,
    pub(super) returned_at: usize,
    pub(super) call: Call,
    pub(super) response: Response,
}
