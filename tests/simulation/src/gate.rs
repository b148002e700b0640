//! What holds up a process that is stopped, and one that is dead for good.

use std::future::pending;

use parking_lot::Mutex;
use tokio::sync::Notify;

/// Passed by a process wherever it has waited for something.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    state: Mutex<State>,
    opened: Notify,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Open,
    Stopped,
    Dead,
}

impl Gate {
    /// Goes on when the process does; never, when it is dead.
    pub(crate) async fn pass(&self) {
        loop {
            let state = *self.state.lock();
            match state {
                State::Open => return,
                State::Stopped => self.opened.notified().await,
                State::Dead => pending().await,
            }
        }
    }

    /// Stops the process, if it runs.
    pub(crate) fn stop(&self) {
        let mut state = self.state.lock();
        if *state == State::Open {
            *state = State::Stopped;
        }
    }

    /// Lets it go on, if it was stopped.
    pub(crate) fn go_on(&self) {
        let mut state = self.state.lock();
        if *state == State::Stopped {
            *state = State::Open;
            drop(state);
            self.opened.notify_waiters();
        }
    }

    pub(crate) fn kill(&self) {
        *self.state.lock() = State::Dead;
        self.opened.notify_waiters();
    }

    /// Waits for the process to die.
    pub(crate) async fn until_dead(&self) {
        while !self.is_dead() {
            self.opened.notified().await;
        }
    }

    pub(crate) fn is_dead(&self) -> bool {
        *self.state.lock() == State::Dead
    }
}
