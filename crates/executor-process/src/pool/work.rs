//! Executing runs in the child of a slot.

use std::future::pending;

use punctual_core::{Run, RunOutcome, Worker, error_chain};
use tokio::time::{Instant, timeout_at};

use super::in_flight::InFlightRuns;
use super::slot::Slot;
use crate::wire::{FromChild, RunResult, ToChild};

impl Slot {
    /// Executes this run, and others as long as the child has one in progress.
    pub(super) async fn execute_runs(&mut self, worker: &mut Worker, run: Run) {
        let Some(child) = &mut self.child else { return };
        let mut in_flight = InFlightRuns::new();
        in_flight.start(child, run);
        while !in_flight.is_empty() {
            let room = self.remaining_runs();
            let Some(child) = &mut self.child else { return };
            in_flight.prefetch(child, worker, self.average, room);
            let context = in_flight.current().map(|run| run.context().clone());
            let cancelling = in_flight.is_cancelling();
            tokio::select! {
                biased;
                message = child.next() => match message {
                    Some(FromChild::Finished { run, result, output_pending }) => {
                        let killed = in_flight.is_killed();
                        self.handle_result(&mut in_flight, worker, (run, result, output_pending));
                        if killed {
                            // The run finished before it was killed; its result is kept.
                            return self.reap(in_flight, worker).await;
                        }
                    }
                    Some(FromChild::QueuedReturned(count)) => match in_flight.take_returned(count) {
                        Some(runs) => {
                            let another = worker.requeue(runs.into_iter().map(|(run, _)| run));
                            self.return_worker(another);
                        }
                        None => child.set_protocol_error("returned more runs than were queued".into()),
                    },
                    Some(other) => child.set_protocol_error(format!("sent an unexpected message: {other:?}")),
                    None => return self.reap(in_flight, worker).await,
                },
                () = async { match &context {
                    Some(context) => context.cancelled().await,
                    None => pending().await,
                } }, if !cancelling => in_flight.cancel(child, self.shared.options.grace),
                () = sleep_until_deadline(in_flight.next_deadline(self.shared.options.timeout)) => {
                    in_flight.check_deadlines(child, self.shared.options.timeout, self.shared.options.grace);
                }
            }
        }
    }

    /// Handles the result of a run.
    fn handle_result(
        &mut self,
        in_flight: &mut InFlightRuns,
        worker: &mut Worker,
        (run, result, output_pending): (u128, RunResult, bool),
    ) {
        let Some(child) = &mut self.child else { return };
        let expected = in_flight.current().map(|run| run.context().run_id().as_u128());
        if expected != Some(run) {
            return child.set_protocol_error(
                "reported the result of a run that it was not executing".into(),
            );
        }
        child.finish_lines(output_pending);
        if output_pending && let Err(error) = child.send(&ToChild::OutputRead) {
            return child.set_protocol_error(error_chain(&error).to_string());
        }
        if let Some((run, duration)) = in_flight.remove_finished(child, worker) {
            let outcome = result.into_outcome(run.body());
            run.finish(outcome);
            self.record_run(duration);
        }
    }

    /// Reaps the child after its exit, which also terminates the current run, and requeues the other runs.
    async fn reap(&mut self, in_flight: InFlightRuns, worker: &mut Worker) {
        let Some(child) = self.child.take() else { return };
        let (current, kill_reason, others) = in_flight.into_unfinished(&child);
        let exit_reason = child.reap().await;
        let reason = kill_reason.unwrap_or(exit_reason);
        tracing::warn!(%reason, "a child process has exited during a run");
        if let Some(run) = current {
            run.finish(RunOutcome::Killed(reason));
        }
        let another = worker.requeue(others.into_iter());
        self.return_worker(another);
    }
}

async fn sleep_until_deadline(time: Option<Instant>) {
    match time {
        Some(time) => drop(timeout_at(time, pending::<()>()).await),
        None => pending().await,
    }
}
