//! The line in which runs wait for a worker.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use super::Run;
use crate::signal::Signal;
use crate::task::JobContext;

/// Runs that wait, in the order in which they came, and the workers that take them: what executors of
/// this process share. It knows neither threads nor runtimes; they lend a place to its [`Worker`](super::Worker)s.
///
/// An executor makes one at each start and closes it at each shutdown.
///
/// ```
/// use std::sync::Arc;
/// use punctual_core::{Executor, ExecutorError, Refused, Run, RunQueue, Worker};
///
/// /// Gives each worker a thread of its own.
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
    /// Told when a parked worker is wanted, and when the queue closes.
    pub(super) work: Condvar,
    /// Told when the last worker leaves.
    idle: Condvar,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) closed: bool,
    /// What comes back into the line is dropped.
    pub(super) abandoned: bool,
    pub(super) waiting: VecDeque<Run>,
    /// What the workers are doing, by their desks.
    pub(super) under_way: Vec<Option<JobContext>>,
    free_desks: Vec<usize>,
    /// A worker is on its way: no other is needed yet.
    pub(super) coming: bool,
    /// How many workers wait for a run.
    pub(super) parked: usize,
}

impl State {
    pub(super) fn workers(&self) -> usize {
        self.under_way.len() - self.free_desks.len()
    }

    /// A desk for a new worker.
    pub(super) fn desk(&mut self) -> usize {
        self.free_desks.pop().unwrap_or_else(|| {
            self.under_way.push(None);
            self.under_way.len() - 1
        })
    }
}

impl RunQueue {
    /// A queue for at most so many runs at a time, and at least one.
    #[must_use]
    pub fn new(max_workers: usize) -> Arc<Self> {
        Arc::new(Self {
            max_workers: max_workers.max(1),
            state: Mutex::default(),
            work: Condvar::new(),
            idle: Condvar::new(),
        })
    }

    /// Takes no more runs, and waits until those that it has are done, at most `timeout`; then
    /// [abandons](Self::abandon) the rest. It does so whether or not the future is polled, on any runtime
    /// or none.
    pub fn close(self: &Arc<Self>, timeout: Duration) -> impl Future<Output = ()> + Send + use<> {
        let over = Arc::new(Signal::default());
        let finish = {
            let (queue, over) = (Arc::clone(self), Arc::clone(&over));
            move |timeout| {
                queue.wait_idle(timeout);
                queue.abandon();
                over.set();
            }
        };
        let mut state = self.lock();
        state.closed = true;
        let at_once = timeout.is_zero() || state.workers() == 0;
        drop(state);
        self.work.notify_all();
        // Waits on a thread of its own, because the caller may have no timer and be one of the runs.
        let waiter = finish.clone();
        let thread = thread::Builder::new().name("punctual-shutdown".to_owned());
        if at_once || thread.spawn(move || waiter(timeout)).is_err() {
            finish(Duration::ZERO);
        }
        async move { over.wait().await }
    }

    fn wait_idle(&self, timeout: Duration) {
        let state = self.lock();
        drop(self.idle.wait_timeout_while(state, timeout, |state| state.workers() > 0));
    }

    /// Takes no more runs, drops those that have not begun, which reports them as lost, and asks the
    /// others to end.
    pub fn abandon(&self) {
        let mut state = self.lock();
        state.closed = true;
        state.abandoned = true;
        let waiting = std::mem::take(&mut state.waiting);
        let under_way: Vec<_> = state.under_way.iter().flatten().cloned().collect();
        drop(state);
        self.work.notify_all();
        under_way.iter().for_each(JobContext::cancel);
        drop(waiting);
    }

    /// Waits for something to do, or the end.
    pub(super) fn park<'a>(&self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        state.parked += 1;
        state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
        state.parked -= 1;
        state.coming = false;
        state
    }

    /// A worker leaves its desk. The last one tells whoever waits, and takes what nobody will run with it.
    pub(super) fn leave(&self, mut state: MutexGuard<'_, State>, desk: usize) {
        state.free_desks.push(desk);
        if state.workers() > 0 {
            return;
        }
        let lost = std::mem::take(&mut state.waiting);
        drop(state);
        drop(lost);
        self.idle.notify_all();
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
            .field("waiting", &state.waiting.len())
            .field("closed", &state.closed)
            .finish_non_exhaustive()
    }
}
