//! A manual scheduler with a store that is slow during a pass.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use punctual_core::{DynJobStore, StoreError, TaskFilter, Timestamp};
use punctual_store_memory::MemoryJobStore;
use punctual_testkit::{Layered, ManualScheduler, StoreLayer};
use punctual_triggers::IntervalTrigger;
use tokio::time::timeout;

/// Delays one call of `next_wakeup` by more than the time for which a pass over several stores waits.
struct Slow {
    store: MemoryJobStore,
    calls: AtomicU32,
    was_slow: Arc<AtomicBool>,
}

impl StoreLayer for Slow {
    fn inner(&self) -> &dyn DynJobStore {
        &self.store
    }

    async fn next_wakeup(&self, filter: &TaskFilter) -> Result<Option<Timestamp>, StoreError> {
        if self.calls.fetch_add(1, Ordering::Relaxed) == 10 {
            let _ = timeout(Duration::from_millis(1_500), pending::<()>()).await;
            self.was_slow.store(true, Ordering::Relaxed);
        }
        self.inner().next_wakeup(filter).await
    }
}

#[test]
fn advance_skips_no_run_of_a_slow_store() {
    let was_slow = Arc::new(AtomicBool::new(false));
    let slow = Slow {
        store: MemoryJobStore::new(),
        calls: AtomicU32::new(0),
        was_slow: Arc::clone(&was_slow),
    };
    let scheduler = ManualScheduler::start(Timestamp::from_seconds(0), |builder| {
        let builder = builder.job_store("default", Layered(slow)).timezone("UTC");
        builder.job_store("other", MemoryJobStore::new())
    })
    .unwrap();
    let runs = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&runs);
    let count = move || {
        counter.fetch_add(1, Ordering::Relaxed);
    };
    let job = scheduler.job(count).trigger(IntervalTrigger::minutes(1));
    scheduler.block_on(job.add()).unwrap();
    scheduler.advance(Duration::from_secs(3_600));
    assert!(was_slow.load(Ordering::Relaxed));
    assert_eq!(runs.load(Ordering::Relaxed), 60);
}
