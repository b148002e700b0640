//! Events as text.

use std::fmt::{self, Display};

use super::{Event, RunEvent, RunOutcome, SkipReason, SkippedFireTimes};
use crate::alias::Alias;
use crate::error::error_chain;
use crate::job::JobRef;

/// Formats a job as `job "id"`, with the store unless that is `default`.
struct Job<'a>(&'a JobRef);

impl Display for Job<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let JobRef { job_store, job_id } = self.0;
        write!(f, "job {job_id:?}")?;
        if *job_store != Alias::default() {
            write!(f, " of the job store {job_store:?}")?;
        }
        Ok(())
    }
}

impl Display for Event {
    /// Formats the event as a sentence without a final full stop. It contains values and error texts of jobs, which
    /// [`without_details`](Self::without_details) omits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, Display::fmt)
    }
}

impl Event {
    /// Displays the event without the values and error texts of jobs, which can contain secrets.
    #[must_use = "this only displays the event"]
    pub fn without_details(&self) -> impl Display + '_ {
        fmt::from_fn(|f| self.write(f, RunEvent::write_summary))
    }

    fn write(
        &self,
        f: &mut fmt::Formatter<'_>,
        write_run: fn(&RunEvent, &mut fmt::Formatter<'_>) -> fmt::Result,
    ) -> fmt::Result {
        let text = |run| fmt::from_fn(move |f| write_run(run, f));
        match self {
            Self::SchedulerStarted => f.write_str("the scheduler has started"),
            Self::SchedulerShutdown => f.write_str("the scheduler has shut down"),
            Self::SchedulerPaused => f.write_str("the scheduler was paused"),
            Self::SchedulerResumed => f.write_str("the scheduler was resumed"),
            Self::ExecutorAdded(alias) => write!(f, "the executor {alias:?} was added"),
            Self::ExecutorRemoved(alias) => write!(f, "the executor {alias:?} was removed"),
            Self::JobStoreAdded(alias) => write!(f, "the job store {alias:?} was added"),
            Self::JobStoreRemoved(alias) => write!(f, "the job store {alias:?} was removed"),
            Self::AllJobsRemoved(None) => f.write_str("all jobs were removed"),
            Self::AllJobsRemoved(Some(alias)) => {
                write!(f, "all jobs of the job store {alias:?} were removed")
            }
            Self::JobAdded(job) => write!(f, "{} was added", Job(job)),
            Self::JobRemoved(job) => write!(f, "{} was removed", Job(job)),
            Self::JobModified(job) => write!(f, "{} was modified", Job(job)),
            Self::JobReplanned { job, from, to } => {
                write!(f, "{} was moved from {from} to {to}: its time zone changed", Job(job))
            }
            Self::JobExecuted(run) | Self::JobError(run) => write_run(run, f),
            Self::JobSubmitted(run) => write!(f, "{}, was submitted", text(run)),
            Self::JobRecovered(run) => {
                write!(f, "{}, was taken over and is repeated", text(run))
            }
            Self::JobRetryScheduled { run, at } => {
                write!(f, "{}; it is retried at {at}", text(run))
            }
            Self::JobDeadLettered(run) => write!(f, "{}; it is not retried any more", text(run)),
            Self::JobMissed(skipped)
            | Self::JobMaxInstances(skipped)
            | Self::JobCoalesced(skipped) => skipped.fmt(f),
            Self::JobUnresolved { job, problem } => {
                write!(f, "{} can't be run in this process: {}", Job(job), error_chain(problem))
            }
            Self::JobStoreFailed { job_store, error } => {
                write!(f, "the job store {job_store:?} failed: {}", error_chain(error))
            }
            Self::JobStoreRecovered(alias) => {
                write!(f, "the job store {alias:?} works again")
            }
            Self::RecordCorrupt(entry) => entry.fmt(f),
            Self::LeaseLost(alias) => write!(
                f,
                "the lease of this process in the job store {alias:?} has expired: other processes may \
                 repeat its runs"
            ),
            Self::LoopBlocked { run, duration } => {
                write!(f, "{} blocked the loop for {duration:?}", run.without_details())
            }
            Self::Lagged(dropped) => {
                write!(f, "{dropped} events were dropped: the stream was read too slowly")
            }
        }
    }
}

impl Display for RunEvent {
    /// Formats the run with its outcome, as `run 0f4e.. of job "report", scheduled for 2026-03-01T06:00:00Z, failed:
    /// no connection`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_summary(f)?;
        let details = match &self.outcome {
            Some(RunOutcome::Success(value)) if !value.is_null() => Some(value.to_string()),
            outcome => outcome.as_ref().and_then(RunOutcome::error_text),
        };
        match details {
            Some(details) => write!(f, ": {details}"),
            None => Ok(()),
        }
    }
}

impl RunEvent {
    /// Displays the event without the values and error texts of its job, which can contain secrets.
    #[must_use = "this only displays the event"]
    pub fn without_details(&self) -> impl Display + '_ {
        fmt::from_fn(|f| self.write_summary(f))
    }

    fn write_summary(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { job, run_id, scheduled_time, attempt, .. } = self;
        write!(f, "run {run_id} of {}, scheduled for {scheduled_time}", Job(job))?;
        if *attempt > 1 {
            write!(f, ", attempt {attempt}")?;
        }
        f.write_str(match &self.outcome {
            None => "",
            Some(RunOutcome::Success(_)) => ", succeeded",
            Some(RunOutcome::Failed(_)) => ", failed",
            Some(RunOutcome::Panicked(_)) => ", panicked",
            Some(RunOutcome::InvalidArguments(_)) => ", has arguments that don't fit its task",
            Some(RunOutcome::Missed) => ", was missed: it was too late to start",
            Some(RunOutcome::Refused(_)) => ", was refused by its executor",
            Some(RunOutcome::Killed(_)) => ", was killed",
            Some(RunOutcome::TimedOut(_)) => ", timed out",
            Some(RunOutcome::Cancelled) => ", was cancelled",
            Some(RunOutcome::Lost) => ", was lost: its executor did not complete it",
        })
    }
}

impl Display for SkippedFireTimes {
    /// Formats the fire times with the reason, as `job "report" was not run for 2026-03-01T06:00:00Z: max_instances is
    /// reached`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { job, first, last, reason, run_id } = self;
        if let Some(run) = run_id {
            write!(f, "run {run} of ")?;
        }
        write!(f, "{} was not run ", Job(job))?;
        match first == last {
            true => write!(f, "for {first}: ")?,
            false => write!(f, "from {first} to {last}: ")?,
        }
        match reason {
            SkipReason::TooLate => f.write_str("it is later than misfire_grace_time allows"),
            SkipReason::CatchUpLimit => {
                f.write_str("it is beyond max_catch_up_runs or max_catch_up_age")
            }
            SkipReason::MaxInstances | SkipReason::Coalesced | SkipReason::ScheduleChanged => {
                reason.fmt(f)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::job::JobId;
    use crate::store::RunId;
    use crate::task::{JobContext, JobContextParts};
    use crate::time::Timestamp;

    fn run(outcome: RunOutcome) -> RunEvent {
        let (id, store) = (JobId::new("report").unwrap(), Alias::default());
        let run_id: RunId = "0f".to_owned().try_into().unwrap();
        let time = Timestamp::from_seconds(0);
        let parts = JobContextParts::new(id, store, run_id, time);
        RunEvent { outcome: Some(outcome), ..RunEvent::of(&JobContext::new(parts)) }
    }

    #[test]
    fn failures_name_job_run_time_and_causes() {
        let source = std::io::Error::other("no connection");
        let event = Event::JobError(run(RunOutcome::Failed(Arc::new(source.into()))));
        let run = "run 0000000000000000000000000000000f of job \"report\", scheduled for 1970-01-01T00:00:00Z";
        assert_eq!(event.to_string(), format!("{run}, failed: no connection"));
        assert_eq!(event.without_details().to_string(), format!("{run}, failed"));
        let event = event.run().expect("an event about a run");
        assert_eq!(event.without_details().to_string(), format!("{run}, failed"));
    }

    #[test]
    fn values_and_errors_of_all_runs_can_be_omitted() {
        let run = || run(RunOutcome::Success("hunter2".into()));
        for event in [
            Event::JobExecuted(run()),
            Event::JobSubmitted(run()),
            Event::JobRecovered(run()),
            Event::JobDeadLettered(run()),
            Event::job_retry_scheduled(run(), Timestamp::from_seconds(0)),
            Event::loop_blocked(run(), std::time::Duration::from_secs(1)),
        ] {
            let text = event.without_details().to_string();
            assert!(!text.contains("hunter2"), "{text}");
            assert_eq!(event.job(), Some(&run().job), "{text}");
            assert!(text.contains("report"), "{text}");
        }
    }

    #[test]
    fn skipped_fire_times_have_a_range_and_a_reason() {
        let job = JobRef::new(Alias::new("other").unwrap(), JobId::new("report").unwrap());
        let [first, last] = [0, 60].map(Timestamp::from_seconds);
        let skipped = SkippedFireTimes::new(job.clone(), first, last, SkipReason::MaxInstances);
        let event = skipped.into_event();
        assert_eq!((event.job(), event.run().is_none()), (Some(&job), true));
        assert_eq!(
            event.to_string(),
            "job \"report\" of the job store \"other\" was not run from 1970-01-01T00:00:00Z to \
             1970-01-01T00:01:00Z: max_instances is reached"
        );
    }
}
