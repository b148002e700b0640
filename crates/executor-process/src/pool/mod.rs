//! The pool: a thread with a current-thread runtime, and a slot for each child.

mod child;
mod in_flight;
mod line_reader;
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
use punctual_core::{ExecutorError, ExecutorLoad, Refused, Run, RunOutcome, RunQueue, Worker};
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::{SetOnce, oneshot};
use tokio::task::{AbortHandle, JoinSet};

use self::slot::{PoolShared, Slot, SlotState};
use self::start::StartError;
use crate::options::Options;

/// A started pool. When it is dropped, its runs are cancelled, and killed after the grace period.
#[derive(Debug)]
pub(crate) struct Pool {
    queue: Arc<RunQueue>,
    workers: UnboundedSender<Worker>,
    /// Dropped to stop the idle children.
    close_tx: Option<oneshot::Sender<()>>,
    /// Closed when the idle children have exited.
    idle_closed_rx: Option<oneshot::Receiver<()>>,
}

impl Pool {
    pub(crate) fn start(options: Arc<Options>) -> Result<Self, ExecutorError> {
        let start_error = |error: std::io::Error| ExecutorError::Start(Box::new(error));
        let runtime = Builder::new_current_thread().enable_all().build().map_err(start_error)?;
        let queue = RunQueue::new(options.processes);
        let (workers, worker_rx) = unbounded_channel();
        let (close_tx, close_rx) = oneshot::channel();
        let (idle_closed_tx, idle_closed_rx) = oneshot::channel();
        let (start_tx, start_rx) = mpsc::channel();
        let eager = if options.eager { options.processes } else { 0 };
        let shared = Arc::new(PoolShared {
            options,
            queue: Arc::clone(&queue),
            return_tx: workers.clone(),
            closing: SetOnce::new(),
        });
        let manager = Manager { shared, slots: Vec::new(), tasks: JoinSet::new(), start_tx };
        thread::Builder::new()
            .name("punctual-processes".into())
            .spawn(move || runtime.block_on(manager.run(worker_rx, close_rx, idle_closed_tx)))
            .map_err(start_error)?;
        let pool =
            Self { queue, workers, close_tx: Some(close_tx), idle_closed_rx: Some(idle_closed_rx) };
        for result in start_rx.iter().take(eager) {
            result.map_err(|error| ExecutorError::Start(Box::new(error)))?;
        }
        Ok(pool)
    }

    pub(crate) fn push(&self, run: Run) -> Result<(), Refused> {
        if let Some(worker) = self.queue.push(run)? {
            // If the manager has exited, dropping the worker reports the runs as lost.
            let _ = self.workers.send(worker);
        }
        Ok(())
    }

    pub(crate) fn load(&self) -> ExecutorLoad {
        self.queue.load()
    }

    pub(crate) fn close(mut self, timeout: Duration) -> impl Future<Output = ()> + Send + use<> {
        let closing = self.queue.close(timeout);
        let (close_tx, idle_closed_rx) = (self.close_tx.take(), self.idle_closed_rx.take());
        async move {
            closing.await;
            drop(close_tx);
            if let Some(idle_closed_rx) = idle_closed_rx {
                // The sender is dropped without sending a value.
                let _ = idle_closed_rx.await;
            }
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        if self.close_tx.is_some() {
            self.queue.abandon();
        }
    }
}

/// Assigns workers to slots, each of which has a child.
struct Manager {
    shared: Arc<PoolShared>,
    slots: Vec<SlotHandle>,
    tasks: JoinSet<()>,
    start_tx: mpsc::Sender<Result<(), StartError>>,
}

/// The manager's handle of a slot.
struct SlotHandle {
    workers: UnboundedSender<Worker>,
    state: Arc<Mutex<SlotState>>,
    task: AbortHandle,
}

impl Manager {
    async fn run(
        mut self,
        mut worker_rx: UnboundedReceiver<Worker>,
        mut close_rx: oneshot::Receiver<()>,
        idle_closed_tx: oneshot::Sender<()>,
    ) {
        // Installing a handler resets SIGCHLD if it was inherited as ignored; with SIGCHLD ignored, exit statuses can't
        // be collected.
        let _ = signal(SignalKind::child());
        if self.shared.options.eager {
            for _ in 0..self.shared.options.processes {
                self.add_slot();
            }
        }
        loop {
            tokio::select! {
                biased;
                Some(worker) = worker_rx.recv() => self.assign(worker),
                _ = &mut close_rx => break,
            }
        }
        let idle = |slot: &&SlotHandle| *slot.state.lock() != SlotState::Busy;
        let idle: Vec<_> = self.slots.iter().filter(idle).map(|slot| slot.task.clone()).collect();
        // Closes the channels of the slots, which exit when they are idle.
        self.slots.clear();
        let _ = self.shared.closing.set(());
        while !idle.iter().all(AbortHandle::is_finished) && self.tasks.join_next().await.is_some() {
        }
        drop(idle_closed_tx);
        self.tasks.join_all().await;
    }

    /// Assigns the worker to a slot with a ready child, else to one whose child is starting, else to a new slot. If
    /// starting children fails, no new slot is created.
    fn assign(&mut self, worker: Worker) {
        let in_state = |state| self.slots.iter().position(|slot| *slot.state.lock() == state);
        let slot = in_state(SlotState::Ready).or_else(|| in_state(SlotState::Empty));
        let unavailable = self.slots.iter().find_map(|slot| match &*slot.state.lock() {
            SlotState::Unavailable(error) => Some(error.clone()),
            _ => None,
        });
        let slot = match (slot, unavailable) {
            (Some(slot), _) => slot,
            (None, None) => self.add_slot(),
            // The busy slots execute the queued runs.
            (None, Some(_)) if in_state(SlotState::Busy).is_some() => return,
            (None, Some(error)) => return reject(worker, &error),
        };
        *self.slots[slot].state.lock() = SlotState::Busy;
        // The slot's task runs as long as its handle exists.
        let _ = self.slots[slot].workers.send(worker);
    }

    fn add_slot(&mut self) -> usize {
        let (workers, worker_rx) = unbounded_channel();
        let state = Arc::new(Mutex::new(SlotState::Empty));
        let slot = Slot::new(&self.shared, worker_rx, Arc::clone(&state));
        let start_tx = self.shared.options.eager.then(|| self.start_tx.clone());
        let task = self.tasks.spawn(slot.run(start_tx));
        self.slots.push(SlotHandle { workers, state, task });
        self.slots.len() - 1
    }
}

/// Rejects the queued runs, because no slot has a child or will have one soon.
fn reject(mut worker: Worker, error: &str) {
    while let Some((run, _)) = worker.next() {
        run.finish(RunOutcome::Refused(error.to_owned()));
    }
}
