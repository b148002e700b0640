//! The history of completed runs.

mod forgetting;
mod written;

use punctual_core::{HistoryEntry, HistoryQuery};
use punctual_scheduler::{AsyncScheduler, HistoryOptions, SchedulerBuilder};
use punctual_store_memory::MemoryJobStore;

use crate::common::{Faults, Rig, at, faulty};

/// Creates a scheduler on a memory store with a history and fault injection.
fn rig(
    options: HistoryOptions,
    configure: impl FnOnce(SchedulerBuilder<AsyncScheduler>) -> SchedulerBuilder<AsyncScheduler>,
) -> (Rig, Faults) {
    let store = faulty(MemoryJobStore::new());
    let faults = store.0.faults.clone();
    let rig = Rig::new(|builder| configure(builder.job_store("default", store).history(options)));
    (rig, faults)
}

fn read(rig: &Rig) -> Vec<HistoryEntry> {
    rig.block_on(rig.history(HistoryQuery::new().limit(10_000))).unwrap().entries
}

/// Returns the entries as text, newest first: the job, the outcome, and the second of the scheduled time.
fn brief(rig: &Rig) -> Vec<String> {
    let second = |entry: &HistoryEntry| entry.scheduled_time.saturating_since(at(0)).as_secs();
    let text = |entry: &HistoryEntry| {
        let HistoryEntry { job_id, outcome, attempt, .. } = entry;
        format!("{job_id}@{} {outcome} {attempt}", second(entry))
    };
    read(rig).iter().map(text).collect()
}
