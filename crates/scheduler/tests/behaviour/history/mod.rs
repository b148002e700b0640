//! The history of completed runs.

mod entries;
mod pruning;

use punctual_scheduler::{
    AsyncScheduler, HistoryEntry, HistoryOptions, HistoryQuery, SchedulerBuilder,
};
use punctual_store_memory::MemoryJobStore;

use crate::common::{Faults, SchedulerFixture, at, faulty};

/// Creates a scheduler on a memory store with a history and fault injection.
fn fixture(
    options: HistoryOptions,
    configure: impl FnOnce(SchedulerBuilder<AsyncScheduler>) -> SchedulerBuilder<AsyncScheduler>,
) -> (SchedulerFixture, Faults) {
    let store = faulty(MemoryJobStore::new());
    let faults = store.0.faults.clone();
    let fixture = SchedulerFixture::new(|builder| {
        configure(builder.job_store("default", store).history(options))
    });
    (fixture, faults)
}

fn read(fixture: &SchedulerFixture) -> Vec<HistoryEntry> {
    fixture.block_on(fixture.history(HistoryQuery::new().limit(10_000))).unwrap().entries
}

/// Returns the entries as text, newest first: the job, the outcome, and the second of the scheduled time.
fn brief(fixture: &SchedulerFixture) -> Vec<String> {
    let second = |entry: &HistoryEntry| entry.scheduled_time.saturating_since(at(0)).as_secs();
    let text = |entry: &HistoryEntry| {
        let HistoryEntry { job, outcome, attempt, .. } = entry;
        format!("{}@{} {outcome} {attempt}", job.job_id, second(entry))
    };
    read(fixture).iter().map(text).collect()
}
