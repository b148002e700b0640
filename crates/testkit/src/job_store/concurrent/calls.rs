//! Calls about one job, and what they returned when.

use punctual_core::{
    AddOutcome, CommitAction, CommitOutcome, Fence, JobRecord, NewRecord, NodeId, OrphanedRun,
    RecordUpdate, Revision, StoreErrorKind, StoredJob, Timestamp,
};

/// What a task asks of the store.
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

/// Whether a commit is guarded by the fence of a run.
pub(super) fn is_of_run(action: &CommitAction) -> bool {
    matches!(action, CommitAction::ClearRun { .. } | CommitAction::RetryRun { .. })
}

/// What the store returned.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    Got(Option<Box<StoredJob>>),
    Updated(Result<Revision, StoreErrorKind>),
    Removed(bool),
    Added(AddOutcome),
    Claimed { record: Option<Box<JobRecord>>, more: bool },
    Committed(CommitOutcome),
    TookOver { runs: Vec<OrphanedRun>, released: usize },
}

/// A call with its answer. Of two calls, one was before the other if it returned before the other was made.
#[derive(Clone, Debug)]
pub(super) struct Done {
    pub(super) task: usize,
    pub(super) made: usize,
    pub(super) returned: usize,
    pub(super) call: Call,
    pub(super) answer: Answer,
}
