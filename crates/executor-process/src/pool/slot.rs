//! A slot of the pool, which has one child after another.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use parking_lot::Mutex;
use punctual_core::{JobContext, RunQueue, Worker, error_chain};
use tokio::sync::SetOnce;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::time::Instant;

use super::child::ChildHandle;
use super::start::{Backoff, StartError, start};
use crate::options::Options;

/// The minimum interval between two checks of a child's memory.
const MEMORY_CHECK_INTERVAL: Duration = Duration::from_millis(100);

/// The availability of a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SlotState {
    /// It has no child, or is about to replace it.
    Empty,
    /// Its child is idle.
    Ready,
    /// It has a worker, or one is assigned to it.
    Busy,
    /// Starting its child has failed with this error; the next attempt follows after the backoff.
    Unavailable(String),
}

/// The data shared by all slots of a pool.
pub(super) struct PoolShared {
    pub(super) options: Arc<Options>,
    pub(super) queue: Arc<RunQueue>,
    /// Returns workers to the manager, which assigns them to other slots.
    pub(super) return_tx: UnboundedSender<Worker>,
    /// Set when the pool is closing and no further runs are accepted.
    pub(super) closing: SetOnce<()>,
}

pub(super) struct Slot {
    pub(super) shared: Arc<PoolShared>,
    worker_rx: UnboundedReceiver<Worker>,
    state: Arc<Mutex<SlotState>>,
    pub(super) child: Option<ChildHandle>,
    /// Backoff after failed starts, and after exits of idle children.
    starts: Backoff,
    idle_exits: Backoff,
    /// The error of the last failed start.
    start_error: String,
    /// The number of runs that the child has executed, and the time of the last check of its memory.
    runs: u64,
    memory_checked_at: Instant,
    /// The child must be replaced before the next run.
    needs_recycle: bool,
    /// A moving average of the duration of runs.
    pub(super) average: Duration,
}

impl Slot {
    pub(super) fn new(
        shared: &Arc<PoolShared>,
        worker_rx: UnboundedReceiver<Worker>,
        state: Arc<Mutex<SlotState>>,
    ) -> Self {
        Self {
            shared: Arc::clone(shared),
            worker_rx,
            state,
            child: None,
            starts: Backoff::default(),
            idle_exits: Backoff::default(),
            start_error: String::new(),
            runs: 0,
            memory_checked_at: Instant::now(),
            needs_recycle: false,
            average: Duration::from_millis(1),
        }
    }

    /// Serves workers until their channel is closed.
    pub(super) async fn run(mut self, started: Option<mpsc::Sender<Result<(), StartError>>>) {
        if let Some(started) = started {
            // The receiver is dropped after the first failed start.
            let _ = started.send(self.replace_child().await);
        }
        loop {
            let idle = self.publish_state();
            tokio::select! {
                biased;
                worker = self.worker_rx.recv() => match worker {
                    Some(worker) => {
                        let state = self.serve(worker).await;
                        // Must follow immediately: the manager may already have assigned the next worker.
                        *self.state.lock() = state;
                    }
                    None => break,
                },
                () = wait_idle_exit(&mut self.child), if idle => self.reap_idle().await,
                () = wait_backoff(&self.starts, &self.idle_exits), if !idle => {
                    // The error is kept; the next run is rejected with it if starts keep failing.
                    let _ = self.replace_child().await;
                }
            }
        }
        self.stop_child().await;
    }

    /// Publishes the slot's state unless a worker is assigned to it. Returns whether the child is idle.
    fn publish_state(&self) -> bool {
        let idle = self.child.is_some() && !self.needs_recycle;
        let mut state = self.state.lock();
        let before = state.clone();
        *state = match &before {
            SlotState::Busy => SlotState::Busy,
            _ if idle => SlotState::Ready,
            SlotState::Unavailable(_) => SlotState::Unavailable(self.start_error.clone()),
            _ => SlotState::Empty,
        };
        drop(state);
        if idle && matches!(before, SlotState::Unavailable(_)) {
            // The busy slots may be occupied by long runs, so a worker is requested for the queued runs.
            self.return_worker(self.shared.queue.try_issue_worker());
        }
        idle
    }

    /// Executes runs until the worker has none. Returns the new state of the slot.
    async fn serve(&mut self, mut worker: Worker) -> SlotState {
        while let Some((run, another)) = worker.next() {
            self.return_worker(another);
            if self.ensure_child(run.context()).await {
                self.execute_runs(&mut worker, run).await;
            } else {
                // Other slots may have a child.
                self.return_worker(worker.requeue(std::iter::once(run)));
                self.return_worker(Some(worker));
                return SlotState::Unavailable(self.start_error.clone());
            }
        }
        SlotState::Empty
    }

    /// Returns a worker to the manager, which assigns it to another slot.
    pub(super) fn return_worker(&self, worker: Option<Worker>) {
        if let Some(worker) = worker {
            // After a shutdown the worker is dropped.
            let _ = self.shared.return_tx.send(worker);
        }
    }

    /// Starts a child if there is none, and waits until it is ready or the run is cancelled. Returns `false` if starts
    /// keep failing.
    async fn ensure_child(&mut self, context: &JobContext) -> bool {
        if self.needs_recycle {
            self.stop_child().await;
        }
        while self.child.is_none() && !context.is_cancelled() {
            if self.starts.is_exhausted() {
                return false;
            }
            tokio::select! {
                () = self.starts.wait() => {}
                () = context.cancelled() => break,
            }
            // A failure is recorded in the backoff.
            let _ = self.start(context.cancelled()).await;
        }
        true
    }

    /// Replaces the child or starts the first one, unless the pool is closing.
    async fn replace_child(&mut self) -> Result<(), StartError> {
        self.stop_child().await;
        let shared = Arc::clone(&self.shared);
        let closing = async {
            shared.closing.wait().await;
        };
        self.start(closing).await
    }

    async fn start(&mut self, cancelled: impl Future<Output = ()>) -> Result<(), StartError> {
        (self.runs, self.needs_recycle) = (0, false);
        match start(&self.shared.options, cancelled).await {
            Ok(child) => {
                self.child = Some(child);
                self.starts.reset();
                Ok(())
            }
            Err(StartError::Cancelled) => Err(StartError::Cancelled),
            Err(error) => {
                self.start_error = error_chain(&error).to_string();
                tracing::warn!(error = %self.start_error, "failed to start a child process");
                self.starts.failed();
                Err(error)
            }
        }
    }

    /// Stops the idle child.
    async fn stop_child(&mut self) {
        if let Some(child) = self.child.take() {
            child.stop().await;
        }
    }

    async fn reap_idle(&mut self) {
        if let Some(child) = self.child.take() {
            let reason = child.reap().await;
            tracing::warn!(%reason, "an idle child process has exited");
            self.idle_exits.failed();
        }
    }

    /// The number of runs left before the child is replaced.
    pub(super) fn remaining_runs(&self) -> u64 {
        match self.shared.options.recycle_after {
            _ if self.needs_recycle => 0,
            Some(max) => max.saturating_sub(self.runs),
            None => u64::MAX,
        }
    }

    /// Updates the counters after a run of duration `duration`.
    pub(super) fn record_run(&mut self, duration: Duration) {
        self.idle_exits.reset();
        self.average = (self.average * 7 + duration) / 8;
        self.runs += 1;
        self.needs_recycle |= self.shared.options.recycle_after.is_some_and(|max| self.runs >= max);
        if let (Some(max), Some(child)) = (self.shared.options.recycle_memory, &self.child)
            && (duration >= MEMORY_CHECK_INTERVAL
                || self.memory_checked_at.elapsed() >= MEMORY_CHECK_INTERVAL)
        {
            self.memory_checked_at = Instant::now();
            self.needs_recycle |= child.resident().is_some_and(|bytes| bytes > max);
        }
    }
}

/// Waits for the end of both backoffs, after which a child may be started in advance.
async fn wait_backoff(starts: &Backoff, idle_exits: &Backoff) {
    starts.wait().await;
    idle_exits.wait().await;
}

/// Waits until an idle child exits or violates the protocol.
async fn wait_idle_exit(child: &mut Option<ChildHandle>) {
    if let Some(child) = child
        && let Some(message) = child.next().await
    {
        child.set_protocol_error(format!("sent an unexpected message: {message:?}"));
    }
}
