//! Jobs and their claims.

use std::time::Duration;

use punctual::core::{
    AddOutcome, Commit, CommitAction, CommitBatch, CommitOutcome, HistoryRecord, InFlightRun,
    JobRecord, JobStore, NewRecord, Schedule, StoredDefinition, TaskFilter,
};
use punctual::{
    JobId, NodeId, OutcomeKind, RedisJobStore, RunId, StoreError, StoreErrorKind, TaskName,
    Timestamp, error_chain,
};

pub(crate) const LEASE: Duration = Duration::from_secs(30);

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_772_452_800 + seconds)
}

pub(crate) fn node() -> NodeId {
    NodeId::new("here").unwrap()
}

pub(crate) fn job(name: &str) -> NewRecord {
    NewRecord {
        id: JobId::new(name).unwrap(),
        task: TaskName::new("work").unwrap(),
        definition: StoredDefinition::from(&b"{}"[..]),
        schedule: Some(Schedule::at(at(0))),
    }
}

pub(crate) async fn add(store: &RedisJobStore, names: &[&str]) -> Result<(), StoreError> {
    let outcomes = store.add(names.iter().map(|name| job(name)).collect()).await?;
    assert_eq!(outcomes, vec![AddOutcome::Added; names.len()]);
    Ok(())
}

/// Claims all jobs that are due at this instant.
pub(crate) async fn claim(
    store: &RedisJobStore,
    now: Timestamp,
) -> Result<Vec<JobRecord>, StoreError> {
    Ok(store.claim_due(&node(), now, 1_000, LEASE, &TaskFilter::Any).await?.records)
}

/// Settles these claims, with a recorded run of each and an entry of the history.
pub(crate) async fn advance(store: &RedisJobStore, claims: &[JobRecord]) -> Result<(), StoreError> {
    let commits = claims.iter().map(|claim| {
        let run = InFlightRun {
            run_id: RunId::random(),
            scheduled_time: at(0),
            attempt: 1,
            node: node(),
            fence: claim.fence,
        };
        let schedule = Schedule::at(at(60));
        let action = CommitAction::Advance { schedule, fire_count: 1, start: vec![run] };
        Commit { id: claim.id.clone(), fence: claim.fence, action }
    });
    let history = claims.iter().map(|claim| HistoryRecord {
        run_id: RunId::random(),
        attempt: 1,
        job_id: claim.id.clone(),
        task: claim.task.clone(),
        node: node(),
        scheduled_time: at(0),
        started: Some(at(0)),
        finished: at(1),
        outcome: OutcomeKind::Success,
        error: None,
    });
    let outcomes = store.commit(CommitBatch::new(commits.collect(), history.collect())).await?;
    assert_eq!(outcomes, vec![CommitOutcome::Done; claims.len()]);
    Ok(())
}

/// The ids of all jobs.
pub(crate) async fn ids(store: &RedisJobStore) -> Vec<String> {
    let page = store.list(None, usize::MAX).await.expect("listing works");
    assert_eq!(page.corrupt, []);
    page.records.iter().map(|record| record.id.to_string()).collect()
}

/// Checks that the error has this kind, contains this text, has a source, and doesn't contain the password.
pub(crate) fn check_error(error: &StoreError, kind: StoreErrorKind, words: &str) {
    let told = error_chain(error).to_string();
    assert_eq!(error.kind(), kind, "{told}");
    assert!(told.contains(words), "{told}");
    assert!(std::error::Error::source(error).is_some(), "the source is missing");
    assert!(!format!("{told} {error:?}").contains("hunter2"), "{error:?}");
}
