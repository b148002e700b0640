//! The queue of runs.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::Run;
use crate::latch::Latch;
use crate::task::JobContext;

/// The stage of the latch when the queue is closed.
const CLOSED: u8 = 1;

/// A FIFO queue of runs with a limited number of workers, used by the executors for threads, tokio and child
/// processes. It is independent of threads and runtimes: the executor provides the thread or task for each
/// [`Worker`](super::Worker).
///
/// An executor creates a queue at each start and closes it at each shutdown.
///
/// ```
/// use std::sync::Arc;
/// use punctual_core::{Executor, ExecutorError, Refused, Run, RunQueue, Worker};
///
/// /// Runs each worker on a separate thread.
/// fn submit(queue: &Arc<RunQueue>, run: Run) -> Result<(), Refused> {
///     if let Some(worker) = queue.push(run)? {
///         std::thread::spawn(move || work(worker));
///     }
///     Ok(())
/// }
///
/// fn work(mut worker: Worker) {
///     while let Some((run, another)) = worker.next() {
///         if let Some(another) = another {
///             std::thread::spawn(move || work(another));
///         }
///         run.execute(pollster::block_on);
///     }
/// }
/// ```
pub struct RunQueue {
    pub(super) max_workers: usize,
    state: Mutex<State>,
    /// Notified when a run is queued for a parked worker, and when the queue is closed.
    pub(super) work_available: Condvar,
    /// Notified when the last worker is released.
    all_idle: Condvar,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) closed: bool,
    /// Whether the queue has been abandoned. Requeued runs are then dropped.
    pub(super) abandoned: bool,
    pub(super) queued: VecDeque<Run>,
    /// The contexts of the running runs, by worker slot.
    pub(super) running: Vec<Option<JobContext>>,
    free_slots: Vec<usize>,
    /// Whether a worker was woken or issued that has not dequeued a run yet. No other worker is then woken or issued.
    pub(super) wakeup_pending: bool,
    /// The number of workers that are blocked until a run is queued.
    pub(super) parked: usize,
}

impl State {
    pub(super) fn workers(&self) -> usize {
        self.running.len() - self.free_slots.len()
    }

    /// Returns a slot for a new worker.
    pub(super) fn take_slot(&mut self) -> usize {
        self.free_slots.pop().unwrap_or_else(|| {
            self.running.push(None);
            self.running.len() - 1
        })
    }
}

impl RunQueue {
    /// Creates a queue with at most `max_workers` concurrent runs; 0 is treated as 1.
    #[must_use]
    pub fn new(max_workers: usize) -> Arc<Self> {
        Arc::new(Self {
            max_workers: max_workers.max(1),
            state: Mutex::default(),
            work_available: Condvar::new(),
            all_idle: Condvar::new(),
        })
    }

    /// Closes the queue and waits up to `timeout` for its runs to finish, then [abandons](Self::abandon) the
    /// remaining ones. The queue is closed even if the future is never polled. No runtime is required.
    pub fn close(self: &Arc<Self>, timeout: Duration) -> impl Future<Output = ()> + Send + use<> {
        let closed = Arc::new(Latch::default());
        let finish = {
            let (queue, closed) = (Arc::clone(self), Arc::clone(&closed));
            move |timeout| {
                queue.wait_idle(timeout);
                queue.abandon();
                closed.raise(CLOSED);
            }
        };
        let mut state = self.lock();
        state.closed = true;
        let immediately = timeout.is_zero() || state.workers() == 0;
        drop(state);
        self.work_available.notify_all();
        // Waits on a separate thread, because the caller may have no timer and may itself be one of the runs.
        let waiter = finish.clone();
        let thread = thread::Builder::new().name("punctual-shutdown".to_owned());
        if immediately || thread.spawn(move || waiter(timeout)).is_err() {
            finish(Duration::ZERO);
        }
        async move { closed.wait(CLOSED).await }
    }

    fn wait_idle(&self, timeout: Duration) {
        let state = self.lock();
        drop(self.all_idle.wait_timeout_while(state, timeout, |state| state.workers() > 0));
    }

    /// Closes the queue, drops the queued runs, which are reported as lost, and requests the cancellation of the
    /// running ones.
    pub fn abandon(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.abandoned = true;
        let queued = std::mem::take(&mut state.queued);
        let running: Vec<_> = state.running.iter().flatten().cloned().collect();
        drop(state);
        self.work_available.notify_all();
        running.iter().for_each(JobContext::cancel);
        drop(queued);
    }

    /// Blocks until a run is queued or the queue is closed.
    pub(super) fn park<'a>(&self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        state.parked += 1;
        state = self.work_available.wait(state).unwrap_or_else(PoisonError::into_inner);
        state.parked -= 1;
        state.wakeup_pending = false;
        state
    }

    /// Releases a worker's slot. The last worker notifies `all_idle` and drops the queued runs, which no worker would
    /// take.
    pub(super) fn release(&self, mut state: MutexGuard<'_, State>, slot: usize) {
        state.free_slots.push(slot);
        if state.workers() > 0 {
            return;
        }
        let lost = std::mem::take(&mut state.queued);
        drop(state);
        drop(lost);
        self.all_idle.notify_all();
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for RunQueue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("RunQueue")
            .field("max_workers", &self.max_workers)
            .field("workers", &state.workers())
            .field("queued", &state.queued.len())
            .field("closed", &state.closed)
            .finish_non_exhaustive()
    }
}
