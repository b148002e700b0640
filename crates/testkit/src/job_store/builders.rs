//! Builders of the values that the cases use.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use punctual_core::{
    Commit, CommitAction, Fence, HistoryRecord, InFlightRun, JobId, NewRecord, NodeId, OutcomeKind,
    RunId, Schedule, StoredDefinition, TaskFilter, TaskName, Timestamp,
};

/// Duration of claims in the cases.
pub(crate) const LEASE: Duration = Duration::from_secs(30);

/// The instant `seconds` after the reference instant of the cases, 2026-03-02 12:00:00 UTC.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_772_452_800 + seconds)
}

pub(crate) fn id(text: &str) -> JobId {
    JobId::new(text).expect("a valid id")
}

pub(crate) fn task(text: &str) -> TaskName {
    TaskName::new(text).expect("a valid task name")
}

pub(crate) fn node(text: &str) -> NodeId {
    NodeId::new(text).expect("a valid node id")
}

pub(crate) fn bytes(text: &str) -> StoredDefinition {
    StoredDefinition::from(text.as_bytes())
}

/// A job with `next_run_time` and `due_at` set to `when`.
pub(crate) fn due(name: &str, when: Timestamp) -> NewRecord {
    with_schedule(name, Some(Schedule::at(when)))
}

/// A job without a schedule.
pub(crate) fn paused(name: &str) -> NewRecord {
    with_schedule(name, None)
}

pub(crate) fn with_schedule(name: &str, schedule: Option<Schedule>) -> NewRecord {
    NewRecord {
        id: id(name),
        task: task("work"),
        definition: bytes(&format!("{{\"of\":\"{name}\"}}")),
        schedule,
    }
}

/// The first attempt of a run whose scheduled time is [`at`]`(0)`.
pub(crate) fn run(number: u128, owner: &str) -> InFlightRun {
    InFlightRun {
        run_id: RunId::from_u128(number),
        scheduled_time: at(0),
        attempt: 1,
        node: node(owner),
        fence: Fence(1),
    }
}

/// The first attempt of a run that started at its scheduled time [`at`]`(0)` and succeeded.
pub(crate) fn history_entry(number: u128, job: &str, finished: Timestamp) -> HistoryRecord {
    HistoryRecord {
        run_id: RunId::from_u128(number),
        attempt: 1,
        job_id: id(job),
        task: task("work"),
        node: node("n"),
        scheduled_time: at(0),
        started: Some(at(0)),
        finished,
        outcome: OutcomeKind::Success,
        error: None,
    }
}

pub(crate) fn only(tasks: &[&str]) -> TaskFilter {
    TaskFilter::Only(Arc::new(tasks.iter().map(|name| task(name)).collect::<BTreeSet<_>>()))
}

pub(crate) fn commit(name: &str, fence: Fence, action: CommitAction) -> Commit {
    Commit { id: id(name), fence, action }
}

/// Advances to a schedule at `to`, without recording runs.
pub(crate) fn advance(to: Timestamp, fire_count: u64) -> CommitAction {
    CommitAction::Advance { schedule: Schedule::at(to), fire_count, start: vec![] }
}

/// Finishes the job, without recording runs.
pub(crate) fn finish() -> CommitAction {
    CommitAction::Finish { start: vec![] }
}

pub(crate) fn postpone(due_at: Timestamp) -> CommitAction {
    CommitAction::Postpone { due_at }
}

pub(crate) fn clear(number: u128) -> CommitAction {
    CommitAction::ClearRun { run_id: RunId::from_u128(number) }
}

/// Returns the number in an environment variable, or `None` if it is not set.
pub(crate) fn env_number<T: std::str::FromStr>(variable: &str) -> Option<T> {
    let text = std::env::var(variable).ok()?;
    let number = text.parse().ok();
    Some(number.unwrap_or_else(|| panic!("{variable} is {text:?}, which is not a valid number")))
}
