//! The gate that blocks a process while it is suspended, and forever after it was killed.

use std::future::pending;

use parking_lot::Mutex;
use tokio::sync::Notify;

/// A process passes the gate after each wait.
#[derive(Debug, Default)]
pub(crate) struct ProcessGate {
    state: Mutex<State>,
    opened: Notify,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Open,
    Stopped,
    Killed,
}

impl ProcessGate {
    /// Returns once the process may continue; never returns if the process was killed.
    pub(crate) async fn pass(&self) {
        loop {
            let state = *self.state.lock();
            match state {
                State::Open => return,
                State::Stopped => self.opened.notified().await,
                State::Killed => pending().await,
            }
        }
    }

    /// Suspends the process if it is running.
    pub(crate) fn stop(&self) {
        let mut state = self.state.lock();
        if *state == State::Open {
            *state = State::Stopped;
        }
    }

    /// Resumes the process if it is suspended.
    pub(crate) fn go_on(&self) {
        let mut state = self.state.lock();
        if *state == State::Stopped {
            *state = State::Open;
            drop(state);
            self.opened.notify_waiters();
        }
    }

    pub(crate) fn kill(&self) {
        *self.state.lock() = State::Killed;
        self.opened.notify_waiters();
    }

    /// Waits until the process is killed.
    pub(crate) async fn wait_until_killed(&self) {
        while !self.was_killed() {
            self.opened.notified().await;
        }
    }

    pub(crate) fn was_killed(&self) -> bool {
        *self.state.lock() == State::Killed
    }
}
