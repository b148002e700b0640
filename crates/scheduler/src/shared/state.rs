//! The state of a scheduler.

use parking_lot::Mutex;

/// The state of a scheduler. The names are those of APScheduler, plus two for transitions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SchedulerState {
    /// Not running. Added jobs are pending until the start.
    #[default]
    Stopped,
    /// Opening job stores and executors.
    Starting,
    /// Started: due jobs are run.
    Running,
    /// Started, but no runs are started until it is resumed. All other functions are available.
    Paused,
    /// Shutting down: waiting for runs in progress to finish.
    Stopping,
}

/// The current state. It is changed by the lifecycle only.
#[derive(Debug, Default)]
pub(crate) struct StateCell(Mutex<SchedulerState>);

impl StateCell {
    pub(crate) fn get(&self) -> SchedulerState {
        *self.0.lock()
    }

    /// Whether the state is `Running` or `Paused`.
    pub(crate) fn is_started(&self) -> bool {
        matches!(self.get(), SchedulerState::Running | SchedulerState::Paused)
    }

    pub(crate) fn set(&self, state: SchedulerState) {
        *self.0.lock() = state;
    }

    /// Changes the state to `to` if `accepts` accepts the current one, atomically. Returns `true` if it did.
    pub(crate) fn transition_if(
        &self,
        accepts: impl FnOnce(SchedulerState) -> bool,
        to: SchedulerState,
    ) -> bool {
        let mut state = self.0.lock();
        let accepted = accepts(*state);
        if accepted {
            *state = to;
        }
        accepted
    }
}
