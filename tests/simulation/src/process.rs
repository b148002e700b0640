//! One process with its scheduler, from its start to its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use parking_lot::Mutex;
use punctual_core::{EventMask, NodeId};
use punctual_scheduler::{AsyncScheduler, EventStream, SchedulerState};

use crate::gate::Gate;

/// A process; which one of all is its number.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) number: usize,
    pub(crate) machine: usize,
    pub(crate) gate: Gate,
    /// Under which name it has talked to the store last.
    pub(crate) node: Mutex<Option<NodeId>>,
    /// Counts the starts of its scheduler.
    pub(crate) starts: AtomicUsize,
    pub(crate) events: Mutex<Option<EventStream>>,
    scheduler: Mutex<Option<AsyncScheduler>>,
    has_left: AtomicBool,
    /// Those that must be over when it starts.
    pub(crate) before: Vec<Arc<Process>>,
    /// Somebody sees to it that its scheduler starts.
    pub(crate) starting: AtomicBool,
}

impl Process {
    /// A process, with the scheduler that is made for it.
    pub(crate) fn new(
        number: usize,
        machine: usize,
        before: Vec<Arc<Self>>,
        build: impl FnOnce(&Arc<Self>) -> AsyncScheduler,
    ) -> Arc<Self> {
        let process = Arc::new(Self {
            number,
            machine,
            gate: Gate::default(),
            node: Mutex::default(),
            starts: AtomicUsize::new(0),
            events: Mutex::default(),
            scheduler: Mutex::default(),
            has_left: AtomicBool::new(false),
            before,
            starting: AtomicBool::new(false),
        });
        let scheduler = build(&process);
        *process.scheduler.lock() = Some(scheduler);
        process.listen();
        process
    }

    /// Listens to the next start: events that come before it, too, but none that were told already.
    pub(crate) fn listen(&self) {
        let mut events = self.events.lock();
        // After a start that has failed the stream goes on.
        if events.as_ref().is_none_or(EventStream::is_ended) {
            *events = Some(self.scheduler().events(EventMask::ALL));
        }
    }

    pub(crate) fn scheduler(&self) -> AsyncScheduler {
        self.scheduler.lock().clone().expect("it was built with the process")
    }

    /// Which start of which process something belongs to.
    pub(crate) fn session(&self) -> (usize, usize) {
        (self.number, self.starts.load(Ordering::Relaxed))
    }

    /// It shuts down, to end.
    pub(crate) fn leaves(&self) {
        self.has_left.store(true, Ordering::Relaxed);
    }

    /// Whether nothing of it goes on any more.
    pub(crate) fn is_over(&self) -> bool {
        let scheduler = self.scheduler.lock().clone();
        self.gate.is_dead() || scheduler.is_none_or(|s| s.state() == SchedulerState::Stopped)
    }

    pub(crate) fn has_left(&self) -> bool {
        self.has_left.load(Ordering::Relaxed)
    }

    /// Lets go of the scheduler, which knows the process in turn.
    pub(crate) fn let_go(&self) {
        drop(self.scheduler.lock().take());
        drop(self.events.lock().take());
    }
}
