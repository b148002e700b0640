//! The runs that were sent to a child.

use std::collections::VecDeque;
use std::time::Duration;

use punctual_core::{ProcessTermination, Run, RunOutcome, Worker, error_chain};
use tokio::time::Instant;

use super::child::ChildHandle;
use crate::wire::{RunRequest, ToChild};

/// The estimated total duration of the runs that are sent to a child in advance.
const PREFETCH_TIME: Duration = Duration::from_millis(1);

/// The maximum number of runs in a child, including the current one.
const MAX_PREFETCH: u32 = 128;

/// How long a run may be in progress before the runs behind it are requested back.
const RECALL_DELAY: Duration = Duration::from_millis(5);

/// The current run of a child, the runs queued behind it in the child, and the state of their cancellation.
pub(super) struct InFlightRuns {
    /// The runs, each with the offset in the sent bytes at which its request ends.
    runs: VecDeque<(Run, u64)>,
    started_at: Instant,
    /// The queued runs have been requested back.
    return_requested: bool,
    /// The current run has been cancelled, and the instant at which it is killed; `None` if that instant can't be
    /// represented.
    cancel_sent: bool,
    grace_deadline: Option<Instant>,
    /// Why the pool has killed the child.
    kill_reason: Option<ProcessTermination>,
}

impl InFlightRuns {
    pub(super) fn new() -> Self {
        Self {
            runs: VecDeque::new(),
            started_at: Instant::now(),
            return_requested: false,
            cancel_sent: false,
            grace_deadline: None,
            kill_reason: None,
        }
    }

    /// Whether no run and no response is pending.
    pub(super) fn is_empty(&self) -> bool {
        self.runs.is_empty() && !self.return_requested
    }

    /// The current run.
    pub(super) fn current(&self) -> Option<&Run> {
        self.runs.front().map(|(run, _)| run)
    }

    /// Whether the child has been killed, so that no further run can be sent to it.
    pub(super) fn is_killed(&self) -> bool {
        self.kill_reason.is_some()
    }

    pub(super) fn is_cancelling(&self) -> bool {
        self.cancel_sent || self.kill_reason.is_some()
    }

    /// Sends a run to an idle child, if the run may start.
    pub(super) fn start(&mut self, child: &mut ChildHandle, run: Run) {
        if let Some(run) = run.begin() {
            self.send(child, run);
            self.current_started(child);
        }
    }

    /// Sends runs in advance, as many as the child is estimated to finish within [`PREFETCH_TIME`], and at most `room`
    /// in total.
    pub(super) fn prefetch(
        &mut self,
        child: &mut ChildHandle,
        worker: &mut Worker,
        average: Duration,
        room: u64,
    ) {
        // Runs behind a long run would be requested back immediately.
        if self.return_requested
            || self.is_cancelling()
            || self.started_at.elapsed() >= RECALL_DELAY
        {
            return;
        }
        let depth = PREFETCH_TIME.as_nanos() / average.as_nanos().max(1);
        let depth = depth.clamp(1, u128::from(MAX_PREFETCH)).min(u128::from(room)) as usize;
        while !self.runs.is_empty()
            && self.runs.len() < depth
            && let Some(run) = worker.prefetch()
        {
            // A cancelled run is dropped, which reports it as lost.
            if !run.context().is_cancelled() {
                self.send(child, run);
            }
        }
    }

    fn send(&mut self, child: &mut ChildHandle, run: Run) {
        match child.send(&ToChild::Run(RunRequest::from_run(&run))) {
            Ok(end) => self.runs.push_back((run, end)),
            Err(error) => run.finish(RunOutcome::Refused(format!(
                "can't send the run's arguments: {}",
                error_chain(&error)
            ))),
        }
    }

    fn current_started(&mut self, child: &mut ChildHandle) {
        self.started_at = Instant::now();
        (self.cancel_sent, self.grace_deadline) = (false, None);
        child.set_output_source(self.current());
    }

    /// Removes the current run, which has finished; the next one has started. Returns the removed run and its duration.
    pub(super) fn remove_finished(
        &mut self,
        child: &mut ChildHandle,
        worker: &mut Worker,
    ) -> Option<(Run, Duration)> {
        let (finished, _) = self.runs.pop_front()?;
        let duration = self.started_at.elapsed();
        // A kill reason, if there is one, refers to the finished run.
        self.kill_reason = None;
        if let Some((run, end)) = self.runs.pop_front() {
            let run = run.begun();
            worker.start_prefetched(&run);
            self.runs.push_front((run, end));
        }
        self.current_started(child);
        Some((finished, duration))
    }

    /// Cancels the current run, which is killed after `grace`, and requests the queued runs back.
    pub(super) fn cancel(&mut self, child: &mut ChildHandle, grace: Duration) {
        if let Some(run) = self.current() {
            let message = ToChild::Cancel(run.context().run_id().as_u128());
            self.send_control(child, &message);
        }
        (self.cancel_sent, self.grace_deadline) = (true, Instant::now().checked_add(grace));
        self.request_queued(child);
    }

    fn request_queued(&mut self, child: &mut ChildHandle) {
        if self.runs.len() > 1 && !self.return_requested {
            self.return_requested = true;
            self.send_control(child, &ToChild::ReturnQueued);
        }
    }

    fn send_control(&self, child: &mut ChildHandle, message: &ToChild) {
        if let Err(error) = child.send(message) {
            child.set_protocol_error(error_chain(&error).to_string());
        }
    }

    /// Removes and returns the last `count` runs. Returns `None` if no request was pending or `count` exceeds the
    /// number of runs.
    pub(super) fn take_returned(&mut self, count: usize) -> Option<VecDeque<(Run, u64)>> {
        let requested = std::mem::replace(&mut self.return_requested, false);
        let kept = self.runs.len().checked_sub(count).filter(|_| requested)?;
        Some(self.runs.split_off(kept))
    }

    /// Returns when [`check_deadlines`](Self::check_deadlines) has to be called.
    pub(super) fn next_deadline(&self, timeout: Option<Duration>) -> Option<Instant> {
        if self.kill_reason.is_some() || self.runs.is_empty() {
            return None;
        }
        let has_queued = self.runs.len() > 1 && !self.return_requested;
        let recall = has_queued.then(|| self.started_at + RECALL_DELAY);
        let timeout = timeout.and_then(|timeout| self.started_at.checked_add(timeout));
        [recall, timeout, self.grace_deadline].into_iter().flatten().min()
    }

    /// Kills the child if the time limit or the grace period of the current run has elapsed; requests the queued runs
    /// back if the current run takes long.
    pub(super) fn check_deadlines(
        &mut self,
        child: &mut ChildHandle,
        timeout: Option<Duration>,
        grace: Duration,
    ) {
        let now = Instant::now();
        if let Some(timeout) = timeout
            && now.duration_since(self.started_at) >= timeout
        {
            self.kill_reason = Some(ProcessTermination::TimedOut(timeout));
        } else if self.grace_deadline.is_some_and(|end| now >= end) {
            self.kill_reason = Some(ProcessTermination::Cancelled(grace));
        } else if now.duration_since(self.started_at) >= RECALL_DELAY {
            self.request_queued(child);
        }
        if self.kill_reason.is_some() {
            child.kill();
        }
    }

    /// Called after the exit of the child. Returns the current run, if the child may have started it, the reason if the
    /// pool killed the child, and all other runs.
    pub(super) fn into_unfinished(
        mut self,
        child: &ChildHandle,
    ) -> (Option<Run>, Option<ProcessTermination>, Vec<Run>) {
        let current = self.runs.pop_front_if(|(_, end)| child.is_written(*end));
        let others = self.runs.into_iter().map(|(run, _)| run).collect();
        (current.map(|(run, _)| run), self.kill_reason, others)
    }
}
