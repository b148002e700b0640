//! What the scheduler asks of a store for every fire, without the scheduler.

use std::error::Error;
use std::time::Duration;

use punctual::core::{
    Commit, CommitAction, DynJobStore, NodeId, Schedule, StoreError, TaskFilter, TaskName,
    Timestamp,
};
use punctual::{Clock, SystemClock};
use tokio::runtime::Runtime;

use crate::measure::{median, stopwatch};
use crate::options::Options;

/// As many as the scheduler claims at a time.
const BATCH: usize = 1_000;

/// Claims jobs and commits their next run times, batch after batch; so many jobs per second.
pub(crate) fn claim_and_commit(
    store: &dyn DynJobStore,
    runtime: &Runtime,
    options: &Options,
) -> Result<f64, Box<dyn Error>> {
    let filter = TaskFilter::Only(std::sync::Arc::new([TaskName::new("count")?].into()));
    let node = NodeId::random();
    let rates = runtime.block_on(async {
        store.start().await?;
        let (begun, mut rates) = (stopwatch(), Vec::new());
        while begun.elapsed() < options.patience() / 2 {
            let begun = stopwatch();
            let claimed = batch(store, &node, SystemClock.now(), &filter).await?;
            rates.push(claimed as f64 / begun.elapsed().as_secs_f64());
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
                // Due again at once, behind all others.
                schedule: Schedule::at(now),
                fire_count: record.fire_count + 1,
                start: Vec::new(),
            },
        })
        .collect();
    store.commit(commits.into()).await?;
    Ok(claims.records.len())
}
