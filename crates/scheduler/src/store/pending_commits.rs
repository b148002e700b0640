//! Queueing commits that follow from completed runs.

use punctual_core::{Commit, CommitAction, Fence, JobId, TaskName};

use super::pending_work::PendingCommit;
use super::registered::RegisteredStore;

impl RegisteredStore {
    /// Queues a commit for the next pass.
    pub(crate) fn queue_commit(
        &self,
        job: &JobId,
        task: &TaskName,
        fence: Fence,
        action: CommitAction,
    ) {
        let commit = Commit { id: job.clone(), fence, action };
        let change = PendingCommit { commit, task: task.clone(), unconfirmed: false };
        self.pending.add(change);
    }
}

/// A batch of pending commits being made. Commits return to the queue, marked as unconfirmed, unless the store returned
/// their outcomes, including on cancellation.
pub(crate) struct PendingCommitBatch<'s> {
    store: &'s RegisteredStore,
    pub commits: Vec<PendingCommit>,
}

impl<'s> PendingCommitBatch<'s> {
    pub(crate) fn taken_from(store: &'s RegisteredStore) -> Self {
        let commits = store.pending.take();
        Self { store, commits }
    }
}

impl Drop for PendingCommitBatch<'_> {
    fn drop(&mut self) {
        let unconfirmed =
            self.commits.drain(..).map(|change| PendingCommit { unconfirmed: true, ..change });
        self.store.pending.requeue(unconfirmed);
    }
}
