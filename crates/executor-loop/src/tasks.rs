//! The futures that are polled by the loop.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Wake, Waker};

use punctual_core::{RunMonitor, Worker};

use crate::mailbox::Mailbox;

/// A future that stays on the loop's thread.
pub(crate) struct Task {
    pub(crate) future: Pin<Box<dyn Future<Output = ()>>>,
    pub(crate) waker: Waker,
    wake_up: Arc<WakeUp>,
    /// Set if the future is a run of the executor.
    pub(crate) run: Option<(Worker, RunMonitor)>,
}

impl Task {
    /// Marks the beginning of a poll: a later wake-up polls the future again.
    pub(crate) fn begin_poll(&self) {
        // A read-modify-write operation, so that this poll sees what was written before the wake-up.
        self.wake_up.is_queued.swap(false, Ordering::AcqRel);
    }
}

/// Queues a future to be polled by its loop.
struct WakeUp {
    task: u64,
    is_queued: AtomicBool,
    mailbox: Arc<Mailbox>,
}

impl Wake for WakeUp {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.is_queued.swap(true, Ordering::AcqRel) {
            self.mailbox.send_woken(self.task);
        }
    }
}

/// The futures that wait to be woken.
#[derive(Default)]
pub(crate) struct Tasks {
    waiting: RefCell<HashMap<u64, Slot>>,
    last: Cell<u64>,
}

enum Slot {
    Waiting(Task),
    /// It is being polled further up the stack: its poll runs the loop.
    Polling {
        is_woken: bool,
    },
}

impl Tasks {
    /// Adds a future, which must then be polled.
    pub(crate) fn add(
        &self,
        mailbox: &Arc<Mailbox>,
        future: Pin<Box<dyn Future<Output = ()>>>,
        run: Option<(Worker, RunMonitor)>,
    ) -> u64 {
        let id = self.last.get() + 1;
        self.last.set(id);
        // It is polled by the caller, not because of a wake-up.
        let is_queued = AtomicBool::new(true);
        let wake_up = Arc::new(WakeUp { task: id, is_queued, mailbox: Arc::clone(mailbox) });
        let waker = Waker::from(Arc::clone(&wake_up));
        let task = Task { future, waker, wake_up, run };
        self.waiting.borrow_mut().insert(id, Slot::Waiting(task));
        id
    }

    /// Takes a future to poll it. `None` if it has finished, or is being polled and will be polled again.
    pub(crate) fn take(&self, id: u64) -> Option<Task> {
        let mut waiting = self.waiting.borrow_mut();
        let slot = waiting.get_mut(&id)?;
        match std::mem::replace(slot, Slot::Polling { is_woken: false }) {
            Slot::Waiting(task) => Some(task),
            Slot::Polling { .. } => {
                *slot = Slot::Polling { is_woken: true };
                None
            }
        }
    }

    /// Returns a future that is not ready. Returns whether it must be polled again.
    pub(crate) fn put_back(&self, id: u64, task: Task) -> bool {
        let replaced = self.waiting.borrow_mut().insert(id, Slot::Waiting(task));
        matches!(replaced, Some(Slot::Polling { is_woken: true }))
    }

    /// Removes a future that has been taken and is ready.
    pub(crate) fn remove(&self, id: u64) {
        self.waiting.borrow_mut().remove(&id);
    }

    /// Removes all futures.
    pub(crate) fn take_all(&self) -> impl Sized + use<> {
        std::mem::take(&mut *self.waiting.borrow_mut())
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.borrow().len()
    }
}
