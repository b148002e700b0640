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
use punctual_core::{ExecutorError, Refused, Run, RunQueue, Worker};
use tokio::runtime::Builder;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::oneshot;
use tokio::task::{AbortHandle, JoinSet};

use self::slot::{Slot, State};
use self::start::StartError;
use crate::builder::Options;

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
        let manager = Manager { options, slots: Vec::new(), tasks: JoinSet::new(), started };
        let back = workers.clone();
        thread::Builder::new()
            .name("punctual-processes".into())
            .spawn(move || runtime.block_on(manager.run(back, coming, closing, settling)))
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
    options: Arc<Options>,
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
        back: UnboundedSender<Worker>,
        mut coming: UnboundedReceiver<Worker>,
        mut closing: oneshot::Receiver<()>,
        settling: oneshot::Sender<()>,
    ) {
        if self.options.eager {
            (0..self.options.processes).for_each(|_| self.add_slot(&back));
        }
        loop {
            tokio::select! {
                biased;
                Some(worker) = coming.recv() => self.place(worker, &back),
                _ = &mut closing => break,
            }
        }
        let idle = |place: &&Place| *place.state.lock() != State::Busy;
        let idle: Vec<_> = self.slots.iter().filter(idle).map(|place| place.task.clone()).collect();
        // They end when they have nothing to do.
        self.slots.clear();
        while !idle.iter().all(AbortHandle::is_finished) && self.tasks.join_next().await.is_some() {
        }
        drop(settling);
        self.tasks.join_all().await;
    }

    /// In the slot whose child is ready, else in one whose child is coming, else in a new one.
    fn place(&mut self, worker: Worker, back: &UnboundedSender<Worker>) {
        let in_state = |state| self.slots.iter().position(|place| *place.state.lock() == state);
        let slot = in_state(State::Ready).or_else(|| in_state(State::Empty));
        let slot = slot.unwrap_or_else(|| {
            self.add_slot(back);
            self.slots.len() - 1
        });
        *self.slots[slot].state.lock() = State::Busy;
        // A slot lives as long as its place.
        let _ = self.slots[slot].workers.send(worker);
    }

    fn add_slot(&mut self, back: &UnboundedSender<Worker>) {
        let (workers, coming) = unbounded_channel();
        let state = Arc::new(Mutex::new(State::Empty));
        let slot = Slot::new(&self.options, coming, back.clone(), Arc::clone(&state));
        let started = self.options.eager.then(|| self.started.clone());
        let task = self.tasks.spawn(slot.run(started));
        self.slots.push(Place { workers, state, task });
    }
}
