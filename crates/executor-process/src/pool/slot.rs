//! A place in the pool: one child after another.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use parking_lot::Mutex;
use punctual_core::{JobContext, RunQueue, Worker, error_chain};
use tokio::sync::SetOnce;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::time::Instant;

use super::child::Child;
use super::start::{Backoff, StartError, start};
use crate::options::Options;

/// How often a child's memory is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// How a slot looks from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It has no child, or is about to replace it.
    Empty,
    /// Its child waits for runs.
    Ready,
    /// It has a worker, or one is on its way.
    Busy,
    /// For this reason its child can't be started; after a while that is tried again.
    Resting(String),
}

/// What the slots of a pool have in common.
pub(super) struct Shared {
    pub(super) options: Arc<Options>,
    pub(super) queue: Arc<RunQueue>,
    /// Takes workers that need another place.
    pub(super) back: UnboundedSender<Worker>,
    /// Set when nothing waits any more for a run to come.
    pub(super) closing: SetOnce<()>,
}

pub(super) struct Slot {
    pub(super) shared: Arc<Shared>,
    coming: UnboundedReceiver<Worker>,
    state: Arc<Mutex<State>>,
    pub(super) child: Option<Child>,
    /// How starts went, and how children did that had nothing to do.
    starts: Backoff,
    deaths: Backoff,
    /// Why there is no child.
    problem: String,
    /// How many runs the child has had, and when its memory was looked at last.
    runs: u64,
    looked: Instant,
    /// The child has had enough.
    spent: bool,
    /// How long runs take, as far as is known.
    pub(super) average: Duration,
}

impl Slot {
    pub(super) fn new(
        shared: &Arc<Shared>,
        coming: UnboundedReceiver<Worker>,
        state: Arc<Mutex<State>>,
    ) -> Self {
        Self {
            shared: Arc::clone(shared),
            coming,
            state,
            child: None,
            starts: Backoff::default(),
            deaths: Backoff::default(),
            problem: String::new(),
            runs: 0,
            looked: Instant::now(),
            spent: false,
            average: Duration::from_millis(1),
        }
    }

    /// Works until there will be no more workers.
    pub(super) async fn run(mut self, started: Option<mpsc::Sender<Result<(), StartError>>>) {
        if let Some(started) = started {
            // Nobody listens if another slot has failed.
            let _ = started.send(self.renew().await);
        }
        loop {
            let idle = self.show();
            tokio::select! {
                biased;
                worker = self.coming.recv() => match worker {
                    Some(worker) => {
                        let state = self.serve(worker).await;
                        // At once: the next worker may be on its way already.
                        *self.state.lock() = state;
                    }
                    None => break,
                },
                () = watch(&mut self.child), if idle => self.bury_idle().await,
                () = pause(&self.starts, &self.deaths), if !idle => {
                    // What is wrong is told to the next run, if it still is.
                    let _ = self.renew().await;
                }
            }
        }
        self.retire().await;
    }

    /// Says how it looks, unless a worker is on its way here; answers whether the child waits for runs.
    fn show(&self) -> bool {
        let idle = self.child.is_some() && !self.spent;
        let mut state = self.state.lock();
        let before = state.clone();
        *state = match &before {
            State::Busy => State::Busy,
            _ if idle => State::Ready,
            State::Resting(_) => State::Resting(self.problem.clone()),
            _ => State::Empty,
        };
        drop(state);
        if idle && matches!(before, State::Resting(_)) {
            // Those who were at work meanwhile may have long runs.
            self.pass_on(self.shared.queue.try_issue_worker());
        }
        idle
    }

    /// Gives one run after another to children; answers how the slot looks then.
    async fn serve(&mut self, mut worker: Worker) -> State {
        while let Some((run, another)) = worker.next() {
            self.pass_on(another);
            if self.is_ready(run.context()).await {
                self.work(&mut worker, run).await;
            } else {
                // Others may have children.
                self.pass_on(worker.requeue(std::iter::once(run)));
                self.pass_on(Some(worker));
                return State::Resting(self.problem.clone());
            }
        }
        State::Empty
    }

    /// Lets another slot have the worker.
    pub(super) fn pass_on(&self, worker: Option<Worker>) {
        if let Some(worker) = worker {
            // After a shutdown there is no place for it.
            let _ = self.shared.back.send(worker);
        }
    }

    /// Waits for a child, or until the run of this context is not wanted any more; false if there won't be a
    /// child soon.
    async fn is_ready(&mut self, context: &JobContext) -> bool {
        if self.spent {
            self.retire().await;
        }
        while self.child.is_none() && !context.is_cancelled() {
            if self.starts.is_hopeless() {
                return false;
            }
            tokio::select! {
                () = self.starts.wait() => {}
                () = context.cancelled() => break,
            }
            // If it went wrong, the backoff knows.
            let _ = self.start(context.cancelled()).await;
        }
        true
    }

    /// Replaces the child, or starts the first one, unless the pool closes.
    async fn renew(&mut self) -> Result<(), StartError> {
        self.retire().await;
        let shared = Arc::clone(&self.shared);
        let closing = async {
            shared.closing.wait().await;
        };
        self.start(closing).await
    }

    async fn start(&mut self, given_up: impl Future<Output = ()>) -> Result<(), StartError> {
        (self.runs, self.spent) = (0, false);
        match start(&self.shared.options, given_up).await {
            Ok(child) => {
                self.child = Some(child);
                self.starts.reset();
                Ok(())
            }
            Err(StartError::GivenUp) => Err(StartError::GivenUp),
            Err(error) => {
                self.problem = error_chain(&error).to_string();
                tracing::warn!(error = %self.problem, "no child process");
                self.starts.failed();
                Err(error)
            }
        }
    }

    /// Lets the child go that has nothing to do.
    async fn retire(&mut self) {
        if let Some(child) = self.child.take() {
            child.stop().await;
        }
    }

    async fn bury_idle(&mut self) {
        if let Some(child) = self.child.take() {
            let end = child.bury().await;
            tracing::warn!(%end, "an idle child process has ended");
            self.deaths.failed();
        }
    }

    /// How many more runs the child may be given.
    pub(super) fn room(&self) -> u64 {
        match self.shared.options.recycle_after {
            _ if self.spent => 0,
            Some(most) => most.saturating_sub(self.runs),
            None => u64::MAX,
        }
    }

    /// The child has done a run, which took so long.
    pub(super) fn count(&mut self, took: Duration) {
        self.deaths.reset();
        self.average = (self.average * 7 + took) / 8;
        self.runs += 1;
        self.spent |= self.shared.options.recycle_after.is_some_and(|most| self.runs >= most);
        if let (Some(most), Some(child)) = (self.shared.options.recycle_memory, &self.child)
            && (took >= LOOK || self.looked.elapsed() >= LOOK)
        {
            self.looked = Instant::now();
            self.spent |= child.resident().is_some_and(|bytes| bytes > most);
        }
    }
}

/// Waits until a child may be started although nobody waits for it.
async fn pause(starts: &Backoff, deaths: &Backoff) {
    starts.wait().await;
    deaths.wait().await;
}

/// Waits until an idle child ends, or says something although nobody has asked it.
async fn watch(child: &mut Option<Child>) {
    if let Some(child) = child
        && let Some(message) = child.next().await
    {
        child.confused(format!("it said {message:?}"));
    }
}
