//! A process with its scheduler, from its start to its exit.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use parking_lot::Mutex;
use punctual_core::{EventMask, NodeId};
use punctual_scheduler::{AsyncScheduler, EventStream, SchedulerState};

use crate::gate::ProcessGate;

/// A process; its number is its index among all processes.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) number: usize,
    pub(crate) machine: usize,
    pub(crate) gate: ProcessGate,
    /// The node id of its last store call.
    pub(crate) node: Mutex<Option<NodeId>>,
    /// The number of starts of its scheduler.
    pub(crate) starts: AtomicUsize,
    pub(crate) events: Mutex<Option<EventStream>>,
    scheduler: Mutex<Option<AsyncScheduler>>,
    is_exiting: AtomicBool,
    /// The earlier processes that must have exited before this one starts.
    pub(crate) predecessors: Vec<Arc<Process>>,
    /// Whether a task is starting its scheduler.
    pub(crate) starting: AtomicBool,
}

impl Process {
    /// Creates a process with its scheduler.
    pub(crate) fn new(
        number: usize,
        machine: usize,
        predecessors: Vec<Arc<Self>>,
        build: impl FnOnce(&Arc<Self>) -> AsyncScheduler,
    ) -> Arc<Self> {
        let process = Arc::new(Self {
            number,
            machine,
            gate: ProcessGate::default(),
            node: Mutex::default(),
            starts: AtomicUsize::new(0),
            events: Mutex::default(),
            scheduler: Mutex::default(),
            is_exiting: AtomicBool::new(false),
            predecessors,
            starting: AtomicBool::new(false),
        });
        let scheduler = build(&process);
        *process.scheduler.lock() = Some(scheduler);
        process.listen();
        process
    }

    /// Subscribes to the events of the next start, including those before it, but none that were already delivered.
    pub(crate) fn listen(&self) {
        let mut events = self.events.lock();
        // After a failed start the existing stream continues.
        if events.as_ref().is_none_or(EventStream::is_ended) {
            *events = Some(self.scheduler().events(EventMask::ALL));
        }
    }

    pub(crate) fn scheduler(&self) -> AsyncScheduler {
        self.scheduler.lock().clone().expect("the scheduler was built with the process")
    }

    /// Identifies the process and the start of its scheduler.
    pub(crate) fn session(&self) -> (usize, usize) {
        (self.number, self.starts.load(Ordering::Relaxed))
    }

    /// Marks the process as exiting.
    pub(crate) fn begin_exit(&self) {
        self.is_exiting.store(true, Ordering::Relaxed);
    }

    /// Returns whether nothing of the process runs any more.
    pub(crate) fn is_over(&self) -> bool {
        let scheduler = self.scheduler.lock().clone();
        self.gate.was_killed() || scheduler.is_none_or(|s| s.state() == SchedulerState::Stopped)
    }

    pub(crate) fn is_exiting(&self) -> bool {
        self.is_exiting.load(Ordering::Relaxed)
    }

    /// Drops the scheduler, which refers to the process in turn.
    pub(crate) fn drop_scheduler(&self) {
        drop(self.scheduler.lock().take());
        drop(self.events.lock().take());
    }
}
