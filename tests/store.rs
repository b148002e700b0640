//! The store that a test's processes share, looked at by the test itself.

use std::path::Path;

use punctual::prelude::*;

use crate::halt::{Halt, HaltingStore};
use crate::role::occur;

/// Opens the store in `folder` with a scheduler that runs nothing, does `work`, and closes it.
///
/// # Errors
///
/// What the scheduler or `work` says.
pub fn with_store<T>(
    folder: &Path,
    work: impl FnOnce(&BackgroundScheduler) -> Result<T, SchedulerError>,
) -> Result<T, SchedulerError> {
    let scheduler = builder(folder, None).build()?;
    scheduler.start_paused()?;
    let result = work(&scheduler);
    scheduler.shutdown()?;
    result
}

/// A scheduler on the store in `folder`, which halts where it should.
///
/// # Panics
///
/// When there can't be one there.
pub fn builder(folder: &Path, at: Option<Halt>) -> punctual::SchedulerBuilder<BackgroundScheduler> {
    let store = SqliteJobStore::open(folder.join("jobs.sqlite")).expect("a store");
    BackgroundScheduler::builder()
        .timezone("UTC")
        .job_store("default", HaltingStore { store, at })
        .task(occur)
}
