//! What is to be done in a store at the next pass, because runs have ended.

use parking_lot::Mutex;
use punctual_core::{Commit, CommitAction, Fence, InFlightRun, JobId, RunId, TaskName, Timestamp};

use super::slot::Slot;

/// Changes to make, and runs to try again.
#[derive(Default)]
pub(crate) struct Waiting {
    /// Runs to clear, jobs to look at sooner.
    settling: Mutex<Vec<Settling>>,
    /// Runs of jobs that must run at least once, and that no executor has brought to an end.
    again: Mutex<Vec<Again>>,
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

impl Waiting {
    pub(crate) fn has_changes(&self) -> bool {
        !self.settling.lock().is_empty()
    }

    pub(crate) fn try_again(&self, again: Again) {
        self.again.lock().push(again);
    }

    /// Those that it is time for.
    pub(crate) fn due_again(&self, now: Timestamp, most: usize) -> Vec<Again> {
        let again = self.again.lock();
        again.iter().filter(|again| again.at <= now).take(most).cloned().collect()
    }

    /// When the first of them is tried.
    pub(crate) fn next_again(&self) -> Option<Timestamp> {
        self.again.lock().iter().map(|again| again.at).min()
    }

    /// Takes one out that was tried.
    pub(crate) fn done_again(&self, done: &Again) {
        self.again.lock().retain(|other| other.run != done.run);
    }

    /// Lets go of those that `is_known` says are known otherwise.
    pub(crate) fn drop_again(&self, is_known: impl Fn(RunId) -> bool) {
        self.again.lock().retain(|again| !is_known(again.run.run_id));
    }

    pub(super) fn forget_again(&self) {
        self.again.lock().clear();
    }
}

impl Slot {
    /// Makes the change at the next pass.
    pub(crate) fn settle(&self, job: &JobId, task: &TaskName, fence: Fence, action: CommitAction) {
        let commit = Commit { id: job.clone(), fence, action };
        let change = Settling { commit, task: task.clone(), uncertain: false };
        self.waiting.settling.lock().push(change);
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
        let all = std::mem::take(&mut *slot.waiting.settling.lock());
        Self { slot, all }
    }
}

impl Drop for Unsettled<'_> {
    fn drop(&mut self) {
        let again = self.all.drain(..).map(|change| Settling { uncertain: true, ..change });
        self.slot.waiting.settling.lock().splice(0..0, again);
    }
}
