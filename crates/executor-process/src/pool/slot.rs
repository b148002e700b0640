//! A place in the pool: one child after another.

use std::sync::{Arc, mpsc};
use std::time::Duration;

use parking_lot::Mutex;
use punctual_core::{RunOutcome, Worker};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::time::Instant;

use super::child::Child;
use super::start::{Backoff, StartError, start};
use crate::builder::Options;

/// How often a child's memory is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// How a slot looks from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It has no child, or is about to replace it.
    Empty,
    /// Its child waits for runs.
    Ready,
    /// It has a worker, or one is on its way.
    Busy,
}

pub(super) struct Slot {
    pub(super) options: Arc<Options>,
    coming: UnboundedReceiver<Worker>,
    back: UnboundedSender<Worker>,
    state: Arc<Mutex<State>>,
    pub(super) child: Option<Child>,
    pub(super) backoff: Backoff,
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
        options: &Arc<Options>,
        coming: UnboundedReceiver<Worker>,
        back: UnboundedSender<Worker>,
        state: Arc<Mutex<State>>,
    ) -> Self {
        Self {
            options: Arc::clone(options),
            coming,
            back,
            state,
            child: None,
            backoff: Backoff::default(),
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
            let _ = started.send(self.start().await);
        }
        loop {
            let idle = self.show();
            tokio::select! {
                biased;
                worker = self.coming.recv() => match worker {
                    Some(worker) => {
                        self.serve(worker).await;
                        // At once: the next worker may be on its way already.
                        *self.state.lock() = State::Empty;
                    }
                    None => break,
                },
                () = watch(&mut self.child), if idle => self.bury_idle().await,
                () = self.backoff.wait(), if !idle => {
                    self.retire().await;
                    // What is wrong is told to the next run, if it still is.
                    let _ = self.start().await;
                }
            }
        }
        self.retire().await;
    }

    /// Says how it looks, unless a worker is on its way here; answers whether the child waits for runs.
    fn show(&self) -> bool {
        let idle = self.child.is_some() && !self.spent;
        let mut state = self.state.lock();
        if *state != State::Busy {
            *state = if idle { State::Ready } else { State::Empty };
        }
        idle
    }

    /// Gives one run after another to children.
    async fn serve(&mut self, mut worker: Worker) {
        while let Some((run, another)) = worker.next() {
            self.pass_on(another);
            if self.is_ready().await {
                self.work(&mut worker, run).await;
            } else {
                run.finish(RunOutcome::Refused(self.problem.clone()));
            }
        }
    }

    /// Lets another slot have the worker.
    pub(super) fn pass_on(&self, worker: Option<Worker>) {
        if let Some(worker) = worker {
            // After a shutdown there is no place for it.
            let _ = self.back.send(worker);
        }
    }

    /// Waits for a child; false if there won't be one soon.
    async fn is_ready(&mut self) -> bool {
        if self.spent {
            self.retire().await;
        }
        while self.child.is_none() {
            if self.backoff.is_hopeless() {
                return false;
            }
            self.backoff.wait().await;
            // If it went wrong, the backoff knows.
            let _ = self.start().await;
        }
        true
    }

    async fn start(&mut self) -> Result<(), StartError> {
        (self.runs, self.spent) = (0, false);
        match start(&self.options).await {
            Ok(child) => {
                self.child = Some(child);
                Ok(())
            }
            Err(error) => {
                tracing::warn!(%error, "no child process");
                self.problem = error.to_string();
                self.backoff.failed();
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
            self.backoff.failed();
        }
    }

    /// How many more runs the child may be given.
    pub(super) fn room(&self) -> u64 {
        match self.options.recycle_after {
            _ if self.spent => 0,
            Some(most) => most.saturating_sub(self.runs),
            None => u64::MAX,
        }
    }

    /// The child has done a run, which took so long.
    pub(super) fn count(&mut self, took: Duration) {
        self.backoff.reset();
        self.average = (self.average * 7 + took) / 8;
        self.runs += 1;
        self.spent |= self.options.recycle_after.is_some_and(|most| self.runs >= most);
        if let (Some(most), Some(child)) = (self.options.recycle_memory, &self.child)
            && (took >= LOOK || self.looked.elapsed() >= LOOK)
        {
            self.looked = Instant::now();
            self.spent |= child.resident().is_some_and(|bytes| bytes > most);
        }
    }
}

/// Waits until an idle child ends, or says something although nobody has asked it.
async fn watch(child: &mut Option<Child>) {
    if let Some(child) = child
        && let Some(message) = child.next().await
    {
        child.confused(format!("it said {message:?}"));
    }
}
