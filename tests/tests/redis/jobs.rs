//! Commits and errors of this store.

use std::error::Error;

use punctual::core::{CommitAction, CommitOutcome, InFlightRun, JobRecord, Schedule};
use punctual::{RedisJobStore, RunId, StoreError, StoreErrorKind};
use punctual_testkit::assert_error;
use punctual_testkit::calls::{at, commit, node};

/// Settles these claims, with a recorded run of each and an entry of the history.
pub(crate) async fn advance(store: &RedisJobStore, claims: &[JobRecord]) -> Result<(), StoreError> {
    let action = |claim: &JobRecord| {
        let run = InFlightRun {
            run_id: RunId::random(),
            scheduled_time: at(0),
            attempt: 1,
            node: node(),
            fence: claim.fence,
        };
        CommitAction::Advance { schedule: Schedule::at(at(60)), fire_count: 1, start: vec![run] }
    };
    let outcomes = commit(store, claims, action).await?;
    assert_eq!(outcomes, vec![CommitOutcome::Done; claims.len()]);
    Ok(())
}

/// Checks an error, and that it has a source.
#[track_caller]
pub(crate) fn check_error(error: &StoreError, kind: StoreErrorKind, text: &str) {
    assert_error(error, kind, text);
    assert!(error.source().is_some(), "the source is missing");
}
