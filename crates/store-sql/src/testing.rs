//! Helpers for the tests of all dialects.

#[cfg(any(feature = "mysql", feature = "postgres"))]
mod contention;
pub(crate) mod failures;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod faulty_proxy;
pub(crate) mod options;
pub(crate) mod schema;
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub(crate) mod server;
#[cfg(any(feature = "mysql", feature = "sqlite"))]
pub(crate) mod sizes;

use std::error::Error;
use std::time::Duration;

use punctual_core::{
    Commit, CommitAction, Fence, InFlightRun, JobId, JobRecord, JobStore, NewRecord, NodeId, RunId,
    Schedule, StoreError, StoreErrorKind, StoredDefinition, TaskFilter, TaskName, Timestamp,
    error_chain,
};
use punctual_testkit::assert_error_text;
use uuid::Uuid;

#[cfg(any(feature = "mysql", feature = "postgres"))]
pub(crate) use self::contention::runs_of_a_busy_job_are_taken_over;
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub(crate) use self::faulty_proxy::FaultyProxy;

/// Returns a unique name.
pub(crate) fn unique() -> String {
    format!("t{}", Uuid::new_v4().simple())
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_772_452_800 + seconds)
}

pub(crate) fn due(name: &str, when: Timestamp) -> NewRecord {
    NewRecord {
        id: JobId::new(name).unwrap(),
        task: TaskName::new("work").unwrap(),
        definition: StoredDefinition::from(&b"{}"[..]),
        schedule: Some(Schedule::at(when)),
    }
}

pub(crate) fn run() -> InFlightRun {
    InFlightRun {
        run_id: RunId::random(),
        scheduled_time: at(0),
        attempt: 1,
        node: NodeId::new("here").unwrap(),
        fence: Fence(1),
    }
}

/// Settles the claim with this fence: advances the job by a minute, and records a run of it.
pub(crate) fn advance(name: &str, fence: Fence) -> Commit {
    let schedule = Schedule::at(at(60));
    let action = CommitAction::Advance { schedule, fire_count: 1, start: vec![run()] };
    Commit { id: JobId::new(name).unwrap(), fence, action }
}

/// Claims all jobs that are due at the instant `at(0)`.
pub(crate) async fn claim(store: &impl JobStore) -> Result<Vec<JobRecord>, StoreError> {
    let (node, lease) = (NodeId::new("here").unwrap(), Duration::from_secs(9));
    Ok(store.claim_due(&node, at(0), 99, lease, &TaskFilter::Any).await?.records)
}

/// Removes all jobs and returns their number.
pub(crate) async fn remove_all(store: &impl JobStore) -> Result<usize, StoreError> {
    let page = store.list(None, usize::MAX).await?;
    let ids: Vec<JobId> = page.records.into_iter().map(|job| job.id).collect();
    let removed = store.remove(&ids).await?;
    Ok(removed.into_iter().filter(|removed| *removed).count())
}

/// The maximum wait of a test, which is reached only if there is a bug.
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub(crate) const WAIT_TIMEOUT: Duration = Duration::from_secs(60);

/// Checks that the error has this kind, contains this text, has a source, and doesn't contain the password.
pub(crate) fn assert_store_error(error: &StoreError, kind: StoreErrorKind, words: &str) {
    assert_eq!(error.kind(), kind, "{error}");
    let told = error_chain(error).to_string();
    assert!(told.contains(words), "{told}");
    assert!(Error::source(error).is_some(), "the source is missing");
    assert_error_text(error, "hunter2");
}
