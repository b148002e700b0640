//! The runs that a child has.

use std::collections::VecDeque;
use std::time::Duration;

use punctual_core::{Killed, Run, RunOutcome, Worker, error_chain};
use tokio::time::Instant;

use super::child::Child;
use crate::wire::{Order, ToChild};

/// For how long the runs may last that wait in a child behind others, as far as can be told.
const AHEAD: Duration = Duration::from_millis(1);

/// How many they may be.
const MOST: u32 = 128;

/// How long they wait until they are taken back.
const RECALL: Duration = Duration::from_millis(5);

/// The run under way, those that wait behind it in the child, and what has been done about them.
pub(super) struct Flight {
    /// Each with where its order ends among what is sent.
    runs: VecDeque<(Run, u64)>,
    begun: Instant,
    /// The child has been asked for those that wait.
    recalling: bool,
    /// The run under way has been asked to end, and until when it may go on, if that is not for ever.
    asked: bool,
    grace: Option<Instant>,
    /// Why the child has been killed.
    verdict: Option<Killed>,
}

impl Flight {
    pub(super) fn new() -> Self {
        Self {
            runs: VecDeque::new(),
            begun: Instant::now(),
            recalling: false,
            asked: false,
            grace: None,
            verdict: None,
        }
    }

    /// Whether there is nothing to wait for.
    pub(super) fn is_over(&self) -> bool {
        self.runs.is_empty() && !self.recalling
    }

    /// The run under way.
    pub(super) fn first(&self) -> Option<&Run> {
        self.runs.front().map(|(run, _)| run)
    }

    /// Whether its child has been killed, so that no other run can be sent there.
    pub(super) fn is_killed(&self) -> bool {
        self.verdict.is_some()
    }

    pub(super) fn grace_has_begun(&self) -> bool {
        self.asked || self.verdict.is_some()
    }

    /// Sends a run that may begin to an idle child.
    pub(super) fn begin(&mut self, child: &mut Child, run: Run) {
        if let Some(run) = run.begin() {
            self.send(child, run);
            self.first_has_begun(child);
        }
    }

    /// Sends as many runs ahead as the child will be done with soon, and as there is room for.
    pub(super) fn fill(
        &mut self,
        child: &mut Child,
        worker: &mut Worker,
        average: Duration,
        room: u64,
    ) {
        // Nor behind a run that turns out to be a long one: they would come back at once.
        if self.recalling || self.grace_has_begun() || self.begun.elapsed() >= RECALL {
            return;
        }
        let depth = AHEAD.as_nanos() / average.as_nanos().max(1);
        let depth = depth.clamp(1, u128::from(MOST)).min(u128::from(room)) as usize;
        while !self.runs.is_empty()
            && self.runs.len() < depth
            && let Some(run) = worker.prefetch()
        {
            // One that has been asked to end is lost.
            if !run.context().is_cancelled() {
                self.send(child, run);
            }
        }
    }

    fn send(&mut self, child: &mut Child, run: Run) {
        match child.send(&ToChild::Run(Order::of(&run))) {
            Ok(end) => self.runs.push_back((run, end)),
            Err(error) => {
                run.finish(RunOutcome::Refused(format!("its arguments: {}", error_chain(&error))));
            }
        }
    }

    fn first_has_begun(&mut self, child: &mut Child) {
        self.begun = Instant::now();
        (self.asked, self.grace) = (false, None);
        child.set_author(self.first());
    }

    /// The run under way is over, and the next one has begun. Answers the run, and how long it took.
    pub(super) fn end(
        &mut self,
        child: &mut Child,
        worker: &mut Worker,
    ) -> Option<(Run, Duration)> {
        let (ended, _) = self.runs.pop_front()?;
        let took = self.begun.elapsed();
        // If there is one, it was about that run.
        self.verdict = None;
        if let Some((run, end)) = self.runs.pop_front() {
            let run = run.begun();
            worker.start_prefetched(&run);
            self.runs.push_front((run, end));
        }
        self.first_has_begun(child);
        Some((ended, took))
    }

    /// Asks the run under way to end, within `grace`, and the others back.
    pub(super) fn cancel(&mut self, child: &mut Child, grace: Duration) {
        if let Some(run) = self.first() {
            let message = ToChild::Cancel(run.context().run_id().as_u128());
            self.say(child, &message);
        }
        (self.asked, self.grace) = (true, Instant::now().checked_add(grace));
        self.recall(child);
    }

    fn recall(&mut self, child: &mut Child) {
        if self.runs.len() > 1 && !self.recalling {
            self.recalling = true;
            self.say(child, &ToChild::Recall);
        }
    }

    fn say(&self, child: &mut Child, message: &ToChild) {
        if let Err(error) = child.send(message) {
            child.confused(error_chain(&error).to_string());
        }
    }

    /// So many of the runs that waited come back; more than did is wrong.
    pub(super) fn recalled(&mut self, count: usize) -> Option<VecDeque<(Run, u64)>> {
        let asked = std::mem::replace(&mut self.recalling, false);
        let kept = self.runs.len().checked_sub(count).filter(|_| asked)?;
        Some(self.runs.split_off(kept))
    }

    /// When to [look](Self::look) whether something takes too long.
    pub(super) fn alarm(&self, timeout: Option<Duration>) -> Option<Instant> {
        if self.verdict.is_some() || self.runs.is_empty() {
            return None;
        }
        let waits = self.runs.len() > 1 && !self.recalling;
        let recall = waits.then(|| self.begun + RECALL);
        let timeout = timeout.and_then(|timeout| self.begun.checked_add(timeout));
        [recall, timeout, self.grace].into_iter().flatten().min()
    }

    /// Does something about what takes too long.
    pub(super) fn look(&mut self, child: &mut Child, timeout: Option<Duration>, grace: Duration) {
        let now = Instant::now();
        if let Some(timeout) = timeout
            && now.duration_since(self.begun) >= timeout
        {
            self.verdict = Some(Killed::TimedOut(timeout));
        } else if self.grace.is_some_and(|end| now >= end) {
            self.verdict = Some(Killed::Cancelled(grace));
        } else if now.duration_since(self.begun) >= RECALL {
            self.recall(child);
        }
        if self.verdict.is_some() {
            child.kill();
        }
    }

    /// The child has ended. The run under way, if it may have begun, why the child was killed, if it was,
    /// and all other runs.
    pub(super) fn into_rest(mut self, child: &Child) -> (Option<Run>, Option<Killed>, Vec<Run>) {
        let begun = self.runs.pop_front_if(|(_, end)| child.has_gone(*end));
        let rest = self.runs.into_iter().map(|(run, _)| run).collect();
        (begun.map(|(run, _)| run), self.verdict, rest)
    }
}
