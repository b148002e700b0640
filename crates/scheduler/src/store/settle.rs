//! Changes that follow from ended runs, on their way into a store.

use punctual_core::{Commit, CommitAction, Fence, JobId, TaskName};

use super::slot::Slot;
use super::waiting::Settling;

impl Slot {
    /// Makes the change at the next pass.
    pub(crate) fn settle(&self, job: &JobId, task: &TaskName, fence: Fence, action: CommitAction) {
        let commit = Commit { id: job.clone(), fence, action };
        let change = Settling { commit, task: task.clone(), uncertain: false };
        self.waiting.add(change);
    }
}

/// Changes on their way into the store. They wait on unless they have been answered for, also when the call is
/// cut off; then nobody knows whether they were made.
pub(crate) struct Unsettled<'s> {
    slot: &'s Slot,
    pub all: Vec<Settling>,
}

impl<'s> Unsettled<'s> {
    pub(crate) fn taken_from(slot: &'s Slot) -> Self {
        let all = slot.waiting.take();
        Self { slot, all }
    }
}

impl Drop for Unsettled<'_> {
    fn drop(&mut self) {
        let again = self.all.drain(..).map(|change| Settling { uncertain: true, ..change });
        self.slot.waiting.give_back(again);
    }
}
