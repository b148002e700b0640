//! What a scheduler is doing.

use parking_lot::Mutex;

/// What a scheduler is doing; the names are APScheduler's, and two for the way there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SchedulerState {
    /// Not running: added jobs wait for the start.
    #[default]
    Stopped,
    /// Opening stores and executors.
    Starting,
    /// Running jobs.
    Running,
    /// Running no jobs until it is resumed; everything else works.
    Paused,
    /// Waiting for runs to end.
    Stopping,
}

/// The state, which only the lifecycle changes.
#[derive(Debug, Default)]
pub(crate) struct Phase(Mutex<SchedulerState>);

impl Phase {
    pub(crate) fn get(&self) -> SchedulerState {
        *self.0.lock()
    }

    /// Whether jobs run, or would but for a pause.
    pub(crate) fn is_up(&self) -> bool {
        matches!(self.get(), SchedulerState::Running | SchedulerState::Paused)
    }

    pub(crate) fn set(&self, state: SchedulerState) {
        *self.0.lock() = state;
    }

    /// Goes from a state that `leaves` accepts to another, in one step; whether it did.
    pub(crate) fn leave(
        &self,
        leaves: impl FnOnce(SchedulerState) -> bool,
        to: SchedulerState,
    ) -> bool {
        let mut state = self.0.lock();
        let goes = leaves(*state);
        if goes {
            *state = to;
        }
        goes
    }
}
