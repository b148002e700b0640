//! The store calls of each run, without a scheduler.

use std::error::Error;
use std::time::Duration;

use punctual::core::{Commit, CommitAction, Schedule, TaskFilter};
use punctual::{Clock, DynJobStore, NodeId, StoreError, SystemClock, TaskName, Timestamp};
use tokio::runtime::Runtime;

use crate::measure::{median, stopwatch};
use crate::options::Options;

/// The batch size of a scheduler.
const BATCH: usize = 1_000;

/// Claims jobs and commits their next run times, batch after batch. Returns the jobs per second.
pub(crate) fn claim_and_commit(
    store: &dyn DynJobStore,
    runtime: &Runtime,
    options: &Options,
) -> Result<f64, Box<dyn Error>> {
    let filter = TaskFilter::Only(std::sync::Arc::new([TaskName::new("count")?].into()));
    let node = NodeId::random();
    let rates = runtime.block_on(async {
        store.start().await?;
        let (started, mut rates) = (stopwatch(), Vec::new());
        while started.elapsed() < options.duration() / 2 {
            let started = stopwatch();
            let claimed = batch(store, &node, SystemClock.now(), &filter).await?;
            rates.push(claimed as f64 / started.elapsed().as_secs_f64());
        }
        store.shutdown().await;
        Ok::<_, StoreError>(rates)
    })?;
    Ok(median(rates))
}

async fn batch(
    store: &dyn DynJobStore,
    node: &NodeId,
    now: Timestamp,
    filter: &TaskFilter,
) -> Result<usize, StoreError> {
    let lease = Duration::from_secs(10);
    let claims = store.claim_due(node, now, BATCH, lease, filter).await?;
    let commits: Vec<_> = claims
        .records
        .iter()
        .map(|record| Commit {
            id: record.id.clone(),
            fence: record.fence,
            action: CommitAction::Advance {
                // Due again immediately, after all others.
                schedule: Schedule::at(now),
                fire_count: record.fire_count + 1,
                start: Vec::new(),
            },
        })
        .collect();
    store.commit(commits.into()).await?;
    Ok(claims.records.len())
}
