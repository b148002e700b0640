//! The pool: a thread with a runtime of its own, and a slot for each child.

mod child;
mod flight;
mod printed;
mod slot;
mod start;
#[cfg(test)]
mod tests;
mod work;

use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;
use punctual_core::{ExecutorError, Refused, Run, RunOutcome, RunQueue, Worker};
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{SetOnce, oneshot};
use tokio::task::{AbortHandle, JoinSet};

use self::slot::{Shared, Slot, State};
use self::start::StartError;
use crate::options::Options;

/// A pool that has been started. Dropped, it kills what is under way after a grace, and ends.
#[derive(Debug)]
pub(crate) struct Pool {
    queue: Arc<RunQueue>,
    workers: UnboundedSender<Worker>,
    /// Dropped, it lets the idle children go.
    open: Option<oneshot::Sender<()>>,
    /// Told when the idle children are gone.
    settled: Option<oneshot::Receiver<()>>,
}

impl Pool {
    pub(crate) fn start(options: Arc<Options>) -> Result<Self, ExecutorError> {
        let failed = |error: std::io::Error| ExecutorError::Start(Box::new(error));
        let runtime = Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let queue = RunQueue::new(options.processes);
        let (workers, coming) = unbounded_channel();
        let (open, closing) = oneshot::channel();
        let (settling, settled) = oneshot::channel();
        let (started, starts) = mpsc::channel();
        let eager = if options.eager { options.processes } else { 0 };
        let shared = Arc::new(Shared {
            options,
            queue: Arc::clone(&queue),
            back: workers.clone(),
            closing: SetOnce::new(),
        });
        let manager = Manager { shared, slots: Vec::new(), tasks: JoinSet::new(), started };
        thread::Builder::new()
            .name("punctual-processes".into())
            .spawn(move || runtime.block_on(manager.run(coming, closing, settling)))
            .map_err(failed)?;
        let pool = Self { queue, workers, open: Some(open), settled: Some(settled) };
        for start in starts.iter().take(eager) {
            start.map_err(|error| ExecutorError::Start(Box::new(error)))?;
        }
        Ok(pool)
    }

    pub(crate) fn push(&self, run: Run) -> Result<(), Refused> {
        if let Some(worker) = self.queue.push(run)? {
            // If nobody takes it, the runs are lost with it.
            let _ = self.workers.send(worker);
        }
        Ok(())
    }

    pub(crate) fn close(mut self, timeout: Duration) -> impl Future<Output = ()> + Send + use<> {
        let closing = self.queue.close(timeout);
        let (open, settled) = (self.open.take(), self.settled.take());
        async move {
            closing.await;
            drop(open);
            if let Some(settled) = settled {
                // Told by dropping it.
                let _ = settled.await;
            }
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        if self.open.is_some() {
            self.queue.abandon();
        }
    }
}

/// Places workers: each gets a slot, with its child.
struct Manager {
    shared: Arc<Shared>,
    slots: Vec<Place>,
    tasks: JoinSet<()>,
    started: mpsc::Sender<Result<(), StartError>>,
}

/// A slot from outside.
struct Place {
    workers: UnboundedSender<Worker>,
    state: Arc<Mutex<State>>,
    task: AbortHandle,
}

impl Manager {
    async fn run(
        mut self,
        mut coming: UnboundedReceiver<Worker>,
        mut closing: oneshot::Receiver<()>,
        settling: oneshot::Sender<()>,
    ) {
        // Whoever started this program may have had it ignore its children, whose ends nobody could tell then.
        let _ = signal(SignalKind::child());
        if self.shared.options.eager {
            for _ in 0..self.shared.options.processes {
                self.add_slot();
            }
        }
        loop {
            tokio::select! {
                biased;
                Some(worker) = coming.recv() => self.place(worker),
                _ = &mut closing => break,
            }
        }
        let idle = |place: &&Place| *place.state.lock() != State::Busy;
        let idle: Vec<_> = self.slots.iter().filter(idle).map(|place| place.task.clone()).collect();
        // They end when they have nothing to do.
        self.slots.clear();
        let _ = self.shared.closing.set(());
        while !idle.iter().all(AbortHandle::is_finished) && self.tasks.join_next().await.is_some() {
        }
        drop(settling);
        self.tasks.join_all().await;
    }

    /// In the slot whose child is ready, else in one whose child is coming, else in a new one. Not in one that
    /// can't start its child; nor in a new one then, which could not either.
    fn place(&mut self, worker: Worker) {
        let in_state = |state| self.slots.iter().position(|place| *place.state.lock() == state);
        let slot = in_state(State::Ready).or_else(|| in_state(State::Empty));
        let resting = self.slots.iter().find_map(|place| match &*place.state.lock() {
            State::Resting(problem) => Some(problem.clone()),
            _ => None,
        });
        let slot = match (slot, resting) {
            (Some(slot), _) => slot,
            (None, None) => self.add_slot(),
            // Those who are at work take its runs.
            (None, Some(_)) if in_state(State::Busy).is_some() => return,
            (None, Some(problem)) => return refuse(worker, &problem),
        };
        *self.slots[slot].state.lock() = State::Busy;
        // A slot lives as long as its place.
        let _ = self.slots[slot].workers.send(worker);
    }

    fn add_slot(&mut self) -> usize {
        let (workers, coming) = unbounded_channel();
        let state = Arc::new(Mutex::new(State::Empty));
        let slot = Slot::new(&self.shared, coming, Arc::clone(&state));
        let started = self.shared.options.eager.then(|| self.started.clone());
        let task = self.tasks.spawn(slot.run(started));
        self.slots.push(Place { workers, state, task });
        self.slots.len() - 1
    }
}

/// No slot has a child, or will have one soon.
fn refuse(mut worker: Worker, problem: &str) {
    while let Some((run, _)) = worker.next() {
        run.finish(RunOutcome::Refused(problem.to_owned()));
    }
}
