//! The number of store calls of an idle scheduler.

use std::sync::Arc;
use std::time::Duration;

use punctual_core::{
    BoxFuture, ChangeWatch, Clock, DynJobStore, JobStore, Recovery, StoreCaps, StoreError,
    Timestamp,
};
use punctual_scheduler::AsyncScheduler;
use punctual_testkit::{Layered, ManualClock, StoreLayer};
use punctual_triggers::DateTrigger;
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::common::{Call, Faults, ManualExecutor, TIMEOUT, TempStore, at, faulty, note};

/// A machine's clock, which follows the store's clock.
#[derive(Clone, Debug)]
struct Machine(ManualClock);

impl Clock for Machine {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    fn uses_store_clock(&self) -> bool {
        true
    }
}

/// A store with change notifications that are never sent.
struct WatchedStore<S> {
    store: S,
    listening: Arc<Notify>,
}

struct NeverChangedWatch(Arc<Notify>);

impl<S: JobStore> StoreLayer for WatchedStore<S> {
    fn inner(&self) -> &dyn DynJobStore {
        &self.store
    }

    fn caps(&self) -> StoreCaps {
        JobStore::caps(&self.store).with_notify()
    }

    async fn watch(&self) -> Result<Option<Box<dyn ChangeWatch>>, StoreError> {
        Ok(Some(Box::new(NeverChangedWatch(Arc::clone(&self.listening)))))
    }
}

impl ChangeWatch for NeverChangedWatch {
    fn changed(&mut self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.0.notify_one();
        Box::pin(std::future::pending())
    }
}

/// A scheduler with a long run and future jobs.
struct Idle {
    scheduler: AsyncScheduler,
    clock: ManualClock,
    faults: Faults,
    runtime: tokio::runtime::Runtime,
    _file: TempStore,
}

impl Idle {
    fn new(is_watched: bool) -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (file, clock) = (TempStore::new(), ManualClock::at(at(0)));
        let mut store = faulty(file.store());
        store.0.clock = Some(clock.clone());
        let faults = store.0.faults.clone();
        let listening = Arc::new(Notify::new());
        let builder = AsyncScheduler::builder().timezone("UTC").clock(Machine(clock.clone()));
        let builder = match is_watched {
            false => builder.job_store("default", store),
            true => {
                let listening = Arc::clone(&listening);
                builder.job_store("default", Layered(WatchedStore { store, listening }))
            }
        };
        let scheduler =
            builder.executor("default", ManualExecutor::default()).task(note).build().unwrap();
        runtime.block_on(async {
            scheduler.start_manual().await.unwrap();
            if is_watched {
                timeout(TIMEOUT, listening.notified()).await.expect("the watch has started");
            }
            for (id, second) in [("now", 0), ("later", 1_000), ("much later", 100_000)] {
                let job = scheduler.job(note(id.into())).id(id).recovery(Recovery::Rerun);
                job.trigger(DateTrigger::at(at(second))).add().await.unwrap();
            }
        });
        let idle = Self { scheduler, clock, faults, runtime, _file: file };
        idle.pass_for(1);
        assert_eq!(idle.scheduler.active_run_count(), 1);
        idle
    }

    /// Makes passes as a driver does, for this many seconds; returns the number of store calls.
    fn pass_for(&self, seconds: u64) -> usize {
        let before = self.faults.all_calls();
        let end = self.clock.now().saturating_add(Duration::from_secs(seconds));
        while self.clock.now() < end {
            let now = self.clock.now();
            let next = self.runtime.block_on(self.scheduler.tick(now));
            if next.is_none_or(|next| next > now) {
                let latest = now.saturating_add(Duration::from_secs(1));
                self.clock.set(next.map_or(latest, |next| next.min(latest)));
            }
        }
        self.faults.all_calls() - before
    }
}

/// Calls in a minute that read requests to cancel the run in progress: one per third of a lease.
const REQUESTS_TO_CANCEL: usize = 18;

#[test]
fn a_store_that_is_polled_is_called_once_a_second() {
    let idle = Idle::new(false);
    for minute in 0..5 {
        let calls = idle.pass_for(60);
        assert!(calls <= 60 + REQUESTS_TO_CANCEL, "{calls} calls in minute {minute}");
    }
    // No duty is neglected for it.
    assert!(idle.faults.calls(Call::Renew) >= 5 * 60 / 4, "the lease is renewed");
    assert!(idle.scheduler.health().is_ok());
}

#[test]
fn a_store_with_notifications_is_called_at_the_pace_of_the_lease() {
    let idle = Idle::new(true);
    for minute in 0..5 {
        let calls = idle.pass_for(60);
        assert!(calls <= 25 + REQUESTS_TO_CANCEL, "{calls} calls in minute {minute}");
    }
}
