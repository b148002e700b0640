//! Workers, which dequeue runs, and the methods of the queue that create them.

use std::sync::{Arc, MutexGuard};

use super::queue::{RunQueue, State};
use super::{ExecutorError, Refused, Run};
use crate::task::JobContext;

impl RunQueue {
    /// Appends a run to the queue without blocking. If a worker is returned, the caller must start it immediately on
    /// a thread or task. If the worker is dropped, the queued runs wait until another worker is free; if there is no
    /// other worker, they are dropped and reported as lost.
    ///
    /// # Errors
    ///
    /// Returns [`Refused`] with the run if the queue is closed.
    pub fn push(self: &Arc<Self>, run: Run) -> Result<Option<Worker>, Refused> {
        let mut state = self.lock();
        if state.closed {
            drop(state);
            return Err(Refused::new(run, ExecutorError::NotRunning));
        }
        state.queued.push_back(run);
        Ok(self.wake_or_issue_worker(&mut state))
    }

    /// Returns a worker if runs are queued, no worker is starting and the maximum number of workers is not reached. For
    /// executors that dropped a worker earlier because no thread or task was available.
    #[must_use]
    pub fn try_issue_worker(self: &Arc<Self>) -> Option<Worker> {
        self.wake_or_issue_worker(&mut self.lock())
    }

    /// Returns all remaining workers, for executors that assign each of them a permanent thread. They call
    /// [`Worker::wait_next`].
    #[must_use]
    pub fn issue_all_workers(self: &Arc<Self>) -> Vec<Worker> {
        let mut state = self.lock();
        (state.workers()..self.max_workers).map(|_| Worker::active(self, &mut state)).collect()
    }

    /// Ensures that a worker takes the first queued run: wakes a parked worker or creates one, unless one is already
    /// starting. Called again by each worker that takes a run, so that a burst of short runs does not wake more workers
    /// than needed.
    fn wake_or_issue_worker(self: &Arc<Self>, state: &mut State) -> Option<Worker> {
        if state.queued.is_empty() || state.wakeup_pending {
            return None;
        }
        if state.parked > 0 {
            state.wakeup_pending = true;
            self.work_available.notify_one();
            return None;
        }
        (state.workers() < self.max_workers).then(|| Worker::starting(self, state))
    }
}

/// A worker: permits its owner to execute one run of a [`RunQueue`] at a time.
///
/// A worker may be dropped during a run, for example because its runtime was shut down. If it was the last worker,
/// the queued runs are dropped and thus reported as lost, because no worker remains to execute them.
#[derive(Debug)]
pub struct Worker {
    queue: Arc<RunQueue>,
    slot: WorkerSlot,
}

impl Worker {
    /// Creates a worker that is starting.
    fn starting(queue: &Arc<RunQueue>, state: &mut State) -> Self {
        state.wakeup_pending = true;
        Self::new(queue, state, WorkerState::Starting)
    }

    /// Creates a worker that is assigned a permanent thread.
    fn active(queue: &Arc<RunQueue>, state: &mut State) -> Self {
        Self::new(queue, state, WorkerState::Active)
    }

    fn new(queue: &Arc<RunQueue>, state: &mut State, worker_state: WorkerState) -> Self {
        let index = state.take_slot();
        Self { queue: Arc::clone(queue), slot: WorkerSlot { index, state: worker_state } }
    }

    /// Finishes the previous run and returns the next one, possibly with another worker, which the caller must start
    /// immediately. Returns `None` if no run is queued; the worker is then released and can't be used any more.
    #[expect(
        clippy::should_implement_trait,
        reason = "the call also finishes the previous run, which an iterator would not suggest"
    )]
    pub fn next(&mut self) -> Option<(Run, Option<Self>)> {
        let mut state = self.queue.lock();
        let finished = self.slot.finish(&mut state);
        let next = self.slot.take_next(&self.queue, state);
        drop(finished);
        next
    }

    /// Finishes the previous run and blocks until the next one is queued. Returns `None` if the queue is closed and
    /// no run is queued; the worker is then released and can't be used any more.
    pub fn wait_next(&mut self) -> Option<Run> {
        let mut state = self.queue.lock();
        let mut finished = self.slot.finish(&mut state);
        while state.queued.is_empty() && !state.closed {
            if finished.is_some() {
                drop(state);
                finished = None;
                state = self.queue.lock();
            } else {
                state = self.queue.park(state);
            }
        }
        let next = self.slot.take_next(&self.queue, state);
        drop(finished);
        next.map(|(run, _)| run)
    }

    /// Takes the first queued run before the current one has finished, for workers that pipeline runs. Returns `None`
    /// if that run has a deadline or a lease, which must be checked when it starts.
    pub fn prefetch(&mut self) -> Option<Run> {
        let mut state = self.queue.lock();
        state.queued.pop_front_if(|run| !run.has_start_conditions())
    }

    /// Finishes the previous run and makes `run`, which was [prefetched](Self::prefetch), the current one. If the
    /// queue has been [abandoned](RunQueue::abandon) in the meantime, the run is cancelled immediately.
    pub fn start_prefetched(&mut self, run: &Run) {
        let mut state = self.queue.lock();
        let finished = state.running[self.slot.index].replace(run.context().clone());
        let abandoned = state.abandoned;
        drop(state);
        drop(finished);
        if abandoned {
            run.context().cancel();
        }
    }

    /// Returns prefetched runs to the front of the queue. If the queue has been [abandoned](RunQueue::abandon), the
    /// runs are dropped and thus reported as lost. If a worker is returned, the caller must start it.
    pub fn requeue(&mut self, runs: impl DoubleEndedIterator<Item = Run>) -> Option<Self> {
        let mut state = self.queue.lock();
        if state.abandoned {
            drop(state);
            runs.for_each(|run| drop(run.clear_started()));
            return None;
        }
        runs.rev().for_each(|run| state.queued.push_front(run.clear_started()));
        self.queue.wake_or_issue_worker(&mut state)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let mut state = self.queue.lock();
        let finished = self.slot.finish(&mut state);
        self.slot.release(&self.queue, state);
        drop(finished);
    }
}

#[derive(Debug)]
struct WorkerSlot {
    index: usize,
    state: WorkerState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WorkerState {
    /// Issued by the queue, which issues no other worker until this one has taken a run.
    Starting,
    Active,
    /// The slot may be assigned to another worker.
    Released,
}

impl WorkerSlot {
    /// Finishes the previous run and returns its context. The caller must drop it outside the lock, because it may
    /// hold the last reference to user values.
    fn finish(&mut self, state: &mut State) -> Option<JobContext> {
        if self.state == WorkerState::Starting {
            state.wakeup_pending = false;
            self.state = WorkerState::Active;
        }
        match self.state {
            WorkerState::Released => None,
            _ => state.running[self.index].take(),
        }
    }

    fn take_next(
        &mut self,
        queue: &Arc<RunQueue>,
        mut state: MutexGuard<'_, State>,
    ) -> Option<(Run, Option<Worker>)> {
        if self.state == WorkerState::Released {
            return None;
        }
        let Some(run) = state.queued.pop_front() else {
            self.release(queue, state);
            return None;
        };
        state.running[self.index] = Some(run.context().clone());
        let another = queue.wake_or_issue_worker(&mut state);
        Some((run, another))
    }

    fn release(&mut self, queue: &RunQueue, state: MutexGuard<'_, State>) {
        if self.state != WorkerState::Released {
            self.state = WorkerState::Released;
            queue.release(state, self.index);
        }
    }
}
