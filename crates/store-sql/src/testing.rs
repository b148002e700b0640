//! What the tests of all dialects begin with.

#[cfg(any(feature = "mysql", feature = "postgres"))]
mod lent;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod line;
#[cfg(any(feature = "mysql", feature = "postgres"))]
mod turns;

use punctual_core::{
    Encoded, JobId, NewRecord, Schedule, StoreError, StoreErrorKind, TaskName, Timestamp,
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
