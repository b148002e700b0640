//! What the tests of all dialects begin with.

#[cfg(any(feature = "mysql", feature = "postgres"))]
mod lent;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod line;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod turns;

use punctual_core::{
    Encoded, JobId, JobStore, NewRecord, Schedule, StoreError, StoreErrorKind, TaskName, Timestamp,
};

#[cfg(any(feature = "mysql", feature = "postgres"))]
pub(crate) use self::{
    lent::only_finished_calls_give_it_back, line::Line,
    turns::removing_all_leaves_the_runs_of_new_jobs,
};

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_772_452_800 + seconds)
}

pub(crate) fn due(name: &str, when: Timestamp) -> NewRecord {
    NewRecord {
        id: JobId::new(name).unwrap(),
        task: TaskName::new("work").unwrap(),
        definition: Encoded::from(&b"{}"[..]),
        schedule: Some(Schedule::at(when)),
    }
}

/// The error is of this kind, says this, keeps its cause, and gives no password away.
pub(crate) fn tells(error: &StoreError, kind: StoreErrorKind, words: &str) {
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.to_string().contains(words), "{error}");
    assert!(std::error::Error::source(error).is_some(), "the cause is kept");
    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
}

/// Where there are no tables yet: a store that may make none fails, leaves none, and is content with those of
/// one that may.
pub(crate) async fn makes_no_tables(looking: &impl JobStore, making: &impl JobStore) {
    for _ in 0..2 {
        looking.start().await.unwrap_err();
    }
    making.start().await.unwrap();
    making.shutdown().await;
    looking.start().await.unwrap();
    looking.shutdown().await;
}

/// A store that may not migrate its tables, which are older, says so.
pub(crate) async fn migrates_no_tables(looking: &impl JobStore) {
    let error = looking.start().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unsupported);
    assert!(error.to_string().contains("older version"), "{error}");
}
