//! Formats events as lines of the trace.

use punctual_core::{
    Commit, CommitAction, CommitOutcome, Event, InFlightRun, JobContext, JobRecord, NodeId,
    Renewal, RunEvent, RunId, SkippedFireTimes, StoredJob, TakeOver, TakeOverFrom, Timestamp,
};

use crate::time::seconds;

/// The last digits of a run id are sufficient to distinguish runs.
pub(crate) fn id(run: RunId) -> String {
    format!("{:04x}", run.as_u128() & 0xFFFF)
}

pub(crate) fn node(node: &NodeId) -> &str {
    let name = node.as_str();
    if name.len() == 32 { &name[28..] } else { name }
}

pub(crate) fn run(context: &JobContext) -> String {
    let (job, at) = (context.job_id(), seconds(context.scheduled_time()));
    format!("run {} of {job} for {at:.3}, attempt {}", id(context.run_id()), context.attempt())
}

fn run_event(run: &RunEvent) -> String {
    let (job, at) = (&run.job.job_id, seconds(run.scheduled_time));
    let outcome = run.outcome.as_ref().map_or_else(String::new, |outcome| format!(": {outcome}"));
    format!("run {} of {job} for {at:.3}, attempt {}{outcome}", id(run.run_id), run.attempt)
}

fn skipped(runs: &SkippedFireTimes) -> String {
    let (first, last) = (seconds(runs.first), seconds(runs.last));
    format!("{} from {first:.3} to {last:.3}: {}", runs.job.job_id, runs.reason)
}

pub(crate) fn event(event: &Event) -> String {
    let code = event.mask();
    match event {
        Event::JobExecuted(run) | Event::JobError(run) => format!("{code} {}", run_event(run)),
        Event::JobSubmitted(run) | Event::JobRecovered(run) => format!("{code} {}", run_event(run)),
        Event::JobMissed(runs) | Event::JobMaxInstances(runs) | Event::JobCoalesced(runs) => {
            format!("{code} {}", skipped(runs))
        }
        Event::JobAdded(job) | Event::JobRemoved(job) | Event::JobModified(job) => {
            format!("{code} {}", job.job_id)
        }
        _ => code.to_string(),
    }
}

pub(crate) fn record(record: &JobRecord) -> String {
    let schedule = record.schedule.map_or_else(String::new, |schedule| {
        format!("next {:.3} due {:.3}", seconds(schedule.next_run_time), seconds(schedule.due_at))
    });
    let fence = record.fence.0;
    format!("{} fence {fence} {schedule} fired {}", record.id, record.fire_count)
}

fn in_flight(run: &InFlightRun) -> String {
    format!("{}/{} of {} fence {}", id(run.run_id), run.attempt, node(&run.node), run.fence.0)
}

pub(crate) fn job(job: Option<&StoredJob>) -> String {
    let Some(job) = job else { return "nothing".to_owned() };
    let runs: Vec<String> = job.runs.iter().map(in_flight).collect();
    let claim = job.claim.as_ref().map_or_else(String::new, |claim| {
        format!(", claimed by {} until {:.3}", node(&claim.node), seconds(claim.until))
    });
    format!("{}{claim}, runs {runs:?}", record(&job.record))
}

pub(crate) fn commit(
    commit: &Commit,
    outcome: &[CommitOutcome],
    after: Option<&StoredJob>,
) -> String {
    let action = match &commit.action {
        CommitAction::Advance { .. } => "advance".to_owned(),
        CommitAction::Finish { .. } => "finish".to_owned(),
        CommitAction::Postpone { .. } => "postpone".to_owned(),
        CommitAction::BringForward { .. } => "bring forward".to_owned(),
        CommitAction::Start { .. } => "start".to_owned(),
        CommitAction::ClearRun { run_id } => format!("clear {}", id(*run_id)),
        CommitAction::RetryRun { run } => format!("retry {}", in_flight(run)),
        _ => "another".to_owned(),
    };
    let fence = commit.fence.0;
    format!("commits {action} of {} by {fence}: {outcome:?}; {}", commit.id, job(after))
}

pub(crate) fn renewal(name: &NodeId, now: Timestamp, until: Timestamp, result: &Renewal) -> String {
    let (now, until) = (seconds(now), seconds(until));
    let (expired, orphans) = (result.expired, result.has_orphans);
    format!(
        "renews as {} at {now:.3} until {until:.3}: expired {expired}, orphans {orphans}",
        node(name)
    )
}

pub(crate) fn take_over(from: &TakeOverFrom, taken: &TakeOver) -> String {
    let runs: Vec<String> = taken.runs.iter().map(|orphan| in_flight(&orphan.run)).collect();
    format!("takes over {runs:?} of {from:?} and releases {}", taken.released)
}
