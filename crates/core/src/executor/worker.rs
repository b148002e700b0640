//! What takes runs from a queue, one after another, and how the queue calls for it.

use std::sync::{Arc, MutexGuard};

use super::queue::{RunQueue, State};
use super::{ExecutorError, Refused, Run};
use crate::task::JobContext;

impl RunQueue {
    /// Puts a run at the end of the line. Never blocks. If a worker comes back, give it a place at once:
    /// a task, a thread; without one the runs wait until another is done with its own.
    ///
    /// # Errors
    ///
    /// The run comes back when the queue is closed.
    pub fn push(self: &Arc<Self>, run: Run) -> Result<Option<Worker>, Refused> {
        let mut state = self.lock();
        if state.closed {
            drop(state);
            return Err(Refused::new(run, ExecutorError::NotRunning));
        }
        state.waiting.push_back(run);
        Ok(self.summon(&mut state))
    }

    /// A worker if runs wait and nobody is on their way to them; for executors that have a place again, having
    /// dropped a worker for want of one.
    #[must_use]
    pub fn recruit(self: &Arc<Self>) -> Option<Worker> {
        self.summon(&mut self.lock())
    }

    /// All the workers at once, for those who give each a thread for good; they call
    /// [`Worker::wait_next`].
    #[must_use]
    pub fn hire(self: &Arc<Self>) -> Vec<Worker> {
        let mut state = self.lock();
        (state.workers()..self.max_workers).map(|_| Worker::at_work(self, &mut state)).collect()
    }

    /// Sees to it that the first run in the line is taken, unless somebody comes anyway: wakes a worker
    /// that waits, or makes a new one. Each that comes sees to the next, so that a burst of tiny runs
    /// wakes no more workers than it keeps busy.
    fn summon(self: &Arc<Self>, state: &mut State) -> Option<Worker> {
        if state.waiting.is_empty() || state.coming {
            return None;
        }
        if state.parked > 0 {
            state.coming = true;
            self.work.notify_one();
            return None;
        }
        (state.workers() < self.max_workers).then(|| Worker::coming(self, state))
    }
}

/// The right to work on one run of a [`RunQueue`] at a time.
///
/// Dropped in the middle (its runtime has been shut down), it leaves; if it was the last worker, the runs
/// that still wait are dropped, and so reported as lost: nobody is left to take them.
#[derive(Debug)]
pub struct Worker {
    queue: Arc<RunQueue>,
    place: Place,
}

impl Worker {
    /// A worker that is on its way.
    fn coming(queue: &Arc<RunQueue>, state: &mut State) -> Self {
        state.coming = true;
        Self::new(queue, state, Stage::Coming)
    }

    /// A worker for good.
    fn at_work(queue: &Arc<RunQueue>, state: &mut State) -> Self {
        Self::new(queue, state, Stage::AtWork)
    }

    fn new(queue: &Arc<RunQueue>, state: &mut State, stage: Stage) -> Self {
        let desk = state.desk();
        Self { queue: Arc::clone(queue), place: Place { desk, stage } }
    }

    /// Call it when the run before is done: the next run, and maybe another worker, to be given a place
    /// at once. `None`: no run waits; the worker has left and is of no more use.
    #[expect(
        clippy::should_implement_trait,
        reason = "an iterator would not say that a call ends the run before"
    )]
    pub fn next(&mut self) -> Option<(Run, Option<Self>)> {
        let mut state = self.queue.lock();
        let ended = self.place.finish(&mut state);
        let next = self.place.pick(&self.queue, state);
        drop(ended);
        next
    }

    /// Call it when the run before is done: blocks until there is a next run. `None`: the queue is closed
    /// and no run waits; the worker has left and is of no more use.
    pub fn wait_next(&mut self) -> Option<Run> {
        let mut state = self.queue.lock();
        let mut ended = self.place.finish(&mut state);
        while state.waiting.is_empty() && !state.closed {
            if ended.is_some() {
                drop(state);
                ended = None;
                state = self.queue.lock();
            } else {
                state = self.queue.park(state);
            }
        }
        let next = self.place.pick(&self.queue, state);
        drop(ended);
        next.map(|(run, _)| run)
    }

    /// One more run while the one before is under way, for workers that keep a line of their own: the
    /// first that waits, unless it has a deadline or is kept by a lease: whether it may begin is to be asked
    /// when it does.
    pub fn take_ahead(&mut self) -> Option<Run> {
        let mut state = self.queue.lock();
        state.waiting.pop_front_if(|run| !run.must_be_asked())
    }

    /// Call it when the run before is done and this one, which was [taken ahead](Self::take_ahead), has
    /// begun. If the queue has been [abandoned](RunQueue::abandon) meanwhile, the run is asked to end at once.
    pub fn go_on_with(&mut self, run: &Run) {
        let mut state = self.queue.lock();
        let ended = state.under_way[self.place.desk].replace(run.context().clone());
        let abandoned = state.abandoned;
        drop(state);
        drop(ended);
        if abandoned {
            run.context().cancel();
        }
    }

    /// Puts runs that were taken ahead back to the front of the line, unless the queue has been
    /// [abandoned](RunQueue::abandon): then they are dropped, and so reported as lost. If a worker comes
    /// back, give it a place.
    pub fn give_back(&mut self, runs: impl DoubleEndedIterator<Item = Run>) -> Option<Self> {
        let mut state = self.queue.lock();
        if state.abandoned {
            drop(state);
            runs.for_each(|run| drop(run.not_begun()));
            return None;
        }
        runs.rev().for_each(|run| state.waiting.push_front(run.not_begun()));
        self.queue.summon(&mut state)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let mut state = self.queue.lock();
        let ended = self.place.finish(&mut state);
        self.place.leave(&self.queue, state);
        drop(ended);
    }
}

#[derive(Debug)]
struct Place {
    desk: usize,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Handed out by the queue, which hands out no other until this one has come.
    Coming,
    AtWork,
    /// The desk may be another worker's by now.
    Left,
}

impl Place {
    /// The context of the run before, to be dropped outside the lock: it can be the last to hold values
    /// of the user.
    fn finish(&mut self, state: &mut State) -> Option<JobContext> {
        if self.stage == Stage::Coming {
            state.coming = false;
            self.stage = Stage::AtWork;
        }
        match self.stage {
            Stage::Left => None,
            _ => state.under_way[self.desk].take(),
        }
    }

    fn pick(
        &mut self,
        queue: &Arc<RunQueue>,
        mut state: MutexGuard<'_, State>,
    ) -> Option<(Run, Option<Worker>)> {
        if self.stage == Stage::Left {
            return None;
        }
        let Some(run) = state.waiting.pop_front() else {
            self.leave(queue, state);
            return None;
        };
        state.under_way[self.desk] = Some(run.context().clone());
        let another = queue.summon(&mut state);
        Some((run, another))
    }

    fn leave(&mut self, queue: &RunQueue, state: MutexGuard<'_, State>) {
        if self.stage != Stage::Left {
            self.stage = Stage::Left;
            queue.leave(state, self.desk);
        }
    }
}
