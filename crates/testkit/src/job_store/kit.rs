//! Words that the cases are written in.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use punctual_core::{
    Commit, CommitAction, Encoded, Fence, HistoryEntry, InFlightRun, JobId, NewRecord, NodeId,
    OutcomeKind, RunId, Schedule, TaskFilter, TaskName, Timestamp,
};

/// How long claims last in the cases.
pub(crate) const LEASE: Duration = Duration::from_secs(30);

/// So many seconds after the noon at which all cases begin.
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

pub(crate) fn bytes(text: &str) -> Encoded {
    Encoded::from(text.as_bytes())
}

/// A job that is due at an instant.
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

/// The first attempt of a run, scheduled for [`at`]`(0)`.
pub(crate) fn run(number: u128, owner: &str) -> InFlightRun {
    InFlightRun {
        run_id: RunId::from_u128(number),
        scheduled_time: at(0),
        attempt: 1,
        node: node(owner),
        fence: Fence(1),
    }
}

/// The first attempt of a run that began at [`at`]`(0)`, as it had been scheduled, and succeeded.
pub(crate) fn ended(number: u128, job: &str, finished: Timestamp) -> HistoryEntry {
    HistoryEntry {
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

/// The next time, without runs to record.
pub(crate) fn advance(to: Timestamp, fire_count: u64) -> CommitAction {
    CommitAction::Advance { schedule: Schedule::at(to), fire_count, start: vec![] }
}

/// The end, without runs to record.
pub(crate) fn finish() -> CommitAction {
    CommitAction::Finish { start: vec![] }
}

pub(crate) fn postpone(due_at: Timestamp) -> CommitAction {
    CommitAction::Postpone { due_at }
}

pub(crate) fn clear(number: u128) -> CommitAction {
    CommitAction::ClearRun { run_id: RunId::from_u128(number) }
}

/// The number in an environment variable, if it is set.
pub(crate) fn setting<T: std::str::FromStr>(variable: &str) -> Option<T> {
    let text = std::env::var(variable).ok()?;
    let number = text.parse().ok();
    Some(number.unwrap_or_else(|| panic!("{variable} is {text:?}, which is no number")))
}
