//! What is to be done in a store at the next pass, because runs have ended.

use parking_lot::Mutex;
use punctual_core::{Commit, CommitAction, Fence, InFlightRun, JobId, RunId, TaskName, Timestamp};

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
    pub(super) fn add(&self, change: Settling) {
        self.settling.lock().push(change);
    }

    /// Takes out all changes.
    pub(super) fn take(&self) -> Vec<Settling> {
        std::mem::take(&mut *self.settling.lock())
    }

    /// Takes changes back, to be made before the others.
    pub(super) fn give_back(&self, changes: impl Iterator<Item = Settling>) {
        self.settling.lock().splice(0..0, changes);
    }

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
