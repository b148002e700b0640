//! What other threads send to the loop.

use std::fmt;
use std::sync::Arc;
use std::thread::{self, Thread};

use parking_lot::Mutex;
use punctual_core::Worker;

use crate::error::AttachError;

/// Wakes the program's loop. Called from any thread.
pub(crate) type LoopWaker = Arc<dyn Fn() + Send + Sync>;

/// Queues work for the loop's thread, and wakes it once until the loop has taken the work.
#[derive(Default)]
pub(crate) struct Mailbox {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    phase: Phase,
    /// Whether the loop has been woken and has not taken the mail yet.
    woken: bool,
    /// Threads that wait for mail in `block_on`: that of the loop, once for each nested call.
    waiting: Vec<Thread>,
    mail: Mail,
}

#[derive(Clone, Default)]
enum Phase {
    /// No loop has been attached yet. Work is kept for the first one.
    #[default]
    Unattached,
    Attached(LoopWaker),
    /// The loop has ended. There is no thread for the work.
    Detached,
}

/// The work that has arrived since the loop last took it.
#[derive(Default)]
pub(crate) struct Mail {
    /// Permissions to take runs from the queue of the executor.
    pub(crate) workers: Vec<Worker>,
    /// Futures to be polled, by their ids.
    pub(crate) woken: Vec<u64>,
    /// Local values that are no longer used, by their keys, to be dropped on the thread of the loop.
    pub(crate) released: Vec<u64>,
}

impl Mailbox {
    pub(crate) fn attach(&self, waker: LoopWaker) -> Result<(), AttachError> {
        let mut state = self.state.lock();
        if matches!(state.phase, Phase::Attached(_)) {
            return Err(AttachError::AlreadyAttached);
        }
        state.phase = Phase::Attached(Arc::clone(&waker));
        // The first mail after this wakes the loop, and so does mail that is waiting.
        let has_mail = !state.mail.is_empty();
        state.woken = has_mail;
        drop(state);
        if has_mail {
            waker();
        }
        Ok(())
    }

    /// Ends the attachment of a loop, and returns what it has not taken.
    pub(crate) fn detach(&self) -> Mail {
        let mut state = self.state.lock();
        state.phase = Phase::Detached;
        std::mem::take(&mut state.mail)
    }

    pub(crate) fn is_attached(&self) -> bool {
        matches!(self.state.lock().phase, Phase::Attached(_))
    }

    pub(crate) fn is_detached(&self) -> bool {
        matches!(self.state.lock().phase, Phase::Detached)
    }

    pub(crate) fn send_worker(&self, worker: Worker) {
        let mut worker = Some(worker);
        self.send(|mail| mail.workers.extend(worker.take()));
        // It is dropped here if the loop has ended: the queue then has no worker and drops its runs.
        drop(worker);
    }

    pub(crate) fn send_woken(&self, task: u64) {
        self.send(|mail| mail.woken.push(task));
    }

    pub(crate) fn send_released(&self, key: u64) {
        self.send(|mail| mail.released.push(key));
    }

    /// Calls the loop again, although nothing was sent: it has left work.
    pub(crate) fn wake(&self) {
        self.send(|_| {});
    }

    fn send(&self, add: impl FnOnce(&mut Mail)) {
        let mut state = self.state.lock();
        if matches!(state.phase, Phase::Detached) {
            return;
        }
        add(&mut state.mail);
        state.waiting.iter().for_each(Thread::unpark);
        let waker = match &state.phase {
            Phase::Attached(waker) if !state.woken => Some(Arc::clone(waker)),
            _ => None,
        };
        state.woken |= waker.is_some();
        drop(state);
        // Outside of the lock: a program's waker may do anything.
        if let Some(waker) = waker {
            waker();
        }
    }

    /// Returns the mail. Mail that arrives later wakes the loop again.
    pub(crate) fn take(&self) -> Mail {
        let mut state = self.state.lock();
        state.woken = false;
        std::mem::take(&mut state.mail)
    }

    /// Unparks the current thread for each mail, until the guard is dropped.
    pub(crate) fn unpark_current_thread(&self) -> impl Drop {
        self.state.lock().waiting.push(thread::current());
        Waiting(self)
    }
}

struct Waiting<'m>(&'m Mailbox);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        // All of them are the same thread: only the loop's thread waits.
        self.0.state.lock().waiting.pop();
    }
}

impl Mail {
    pub(crate) fn is_empty(&self) -> bool {
        self.workers.is_empty() && self.woken.is_empty() && self.released.is_empty()
    }
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state.lock();
        f.debug_struct("Mailbox")
            .field("attached", &matches!(state.phase, Phase::Attached(_)))
            .field("woken", &state.woken)
            .finish_non_exhaustive()
    }
}
