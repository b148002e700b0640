//! What a slot does while its child has runs.

use std::future::pending;

use punctual_core::{Run, RunOutcome, Worker, error_chain};
use tokio::time::{Instant, timeout_at};

use super::flight::Flight;
use super::slot::Slot;
use crate::wire::{CommandStatus, FromChild, ToChild};

impl Slot {
    /// Works on this run, and on others as long as the child is never without one.
    pub(super) async fn work(&mut self, worker: &mut Worker, run: Run) {
        let Some(child) = &mut self.child else { return };
        let mut flight = Flight::new();
        flight.begin(child, run);
        while !flight.is_over() {
            let room = self.room();
            let Some(child) = &mut self.child else { return };
            flight.fill(child, worker, self.average, room);
            let context = flight.first().map(|run| run.context().clone());
            let asked = flight.grace_has_begun();
            tokio::select! {
                biased;
                message = child.next() => match message {
                    Some(FromChild::Ended { run, ending, printed }) => {
                        let killed = flight.is_killed();
                        self.ended(&mut flight, worker, (run, ending, printed));
                        if killed {
                            // Just when that run had ended all the same.
                            return self.bury(flight, worker).await;
                        }
                    }
                    Some(FromChild::Recalled(count)) => match flight.recalled(count) {
                        Some(runs) => {
                            let another = worker.requeue(runs.into_iter().map(|(run, _)| run));
                            self.pass_on(another);
                        }
                        None => child.confused("it gave back what it did not have".into()),
                    },
                    Some(other) => child.confused(format!("it said {other:?}")),
                    None => return self.bury(flight, worker).await,
                },
                () = async { match &context {
                    Some(context) => context.cancelled().await,
                    None => pending().await,
                } }, if !asked => flight.cancel(child, self.shared.options.grace),
                () = at(flight.alarm(self.shared.options.timeout)) => {
                    flight.look(child, self.shared.options.timeout, self.shared.options.grace);
                }
            }
        }
    }

    /// The child has told the end of a run.
    fn ended(
        &mut self,
        flight: &mut Flight,
        worker: &mut Worker,
        (run, ending, printed): (u128, CommandStatus, bool),
    ) {
        let Some(child) = &mut self.child else { return };
        let expected = flight.first().map(|run| run.context().run_id().as_u128());
        if expected != Some(run) {
            return child.confused("it told the end of a run that it did not have".into());
        }
        child.finish_lines(printed);
        if printed && let Err(error) = child.send(&ToChild::OutputRead) {
            return child.confused(error_chain(&error).to_string());
        }
        if let Some((run, took)) = flight.end(child, worker) {
            let outcome = ending.into_outcome(run.body());
            run.finish(outcome);
            self.count(took);
        }
    }

    /// The child has ended, and the run under way with it.
    async fn bury(&mut self, flight: Flight, worker: &mut Worker) {
        let Some(child) = self.child.take() else { return };
        let (begun, verdict, rest) = flight.into_rest(&child);
        let end = child.bury().await;
        let how = verdict.unwrap_or(end);
        tracing::warn!(%how, "a child process has ended during a run");
        if let Some(run) = begun {
            run.finish(RunOutcome::Killed(how));
        }
        let another = worker.requeue(rest.into_iter());
        self.pass_on(another);
    }
}

async fn at(time: Option<Instant>) {
    match time {
        Some(time) => drop(timeout_at(time, pending::<()>()).await),
        None => pending().await,
    }
}
