//! The complete contents of a store, for comparison.

use punctual::core::{
    Fence, InFlightRun, Metadata, NewRecord, Schedule, StoredDefinition, StoredJob,
};
use punctual::{DynJobStore, JobId, NodeId, RunId, StoreError, TaskName, Timestamp};

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct State {
    pub jobs: Vec<StoredJob>,
    pub metadata: Metadata,
}

impl State {
    pub(crate) async fn of(store: &dyn DynJobStore) -> Result<Self, StoreError> {
        let listed = store.list(None, usize::MAX).await?.records;
        let mut jobs = Vec::with_capacity(listed.len());
        for job in &listed {
            jobs.extend(store.get(&job.id).await?);
        }
        Ok(Self { jobs, metadata: store.metadata().await? })
    }
}

/// A time, in seconds after a fixed start.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_772_452_800 + seconds)
}

pub(crate) fn node() -> NodeId {
    NodeId::new("ann").expect("a valid name")
}

/// A job with a random definition of `size` bytes that is due at [`at`]`(0)`.
pub(crate) fn job(name: &str, size: usize) -> NewRecord {
    let mut random = fastrand::Rng::new();
    let bytes: Vec<u8> = std::iter::repeat_with(|| random.u8(..)).take(size).collect();
    NewRecord {
        id: JobId::new(name).expect("a valid id"),
        task: TaskName::new("work").expect("a valid name"),
        definition: StoredDefinition::from(bytes),
        schedule: Some(Schedule::at(at(0))),
    }
}

/// A first run of [`node`].
pub(crate) fn run(number: u128) -> InFlightRun {
    InFlightRun {
        run_id: RunId::from_u128(number),
        scheduled_time: at(0),
        attempt: 1,
        node: node(),
        fence: Fence(1),
    }
}
