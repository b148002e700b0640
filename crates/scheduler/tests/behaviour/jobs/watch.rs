//! Stores that tell of changes.

use std::sync::Arc;
use std::time::Duration;

use punctual_core::{
    BoxFuture, ChangeWatch, DynJobStore, JobStore, StoreCaps, StoreError, StoreErrorKind,
};
use punctual_scheduler::AsyncScheduler;
use punctual_store_memory::MemoryJobStore;
use punctual_testkit::{Layered, StoreLayer};
use punctual_triggers::DateTrigger;
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::common::{PATIENCE, Rig, at, note};

/// What others do to a store, and how it comes to be known.
#[derive(Clone, Default)]
struct Others {
    store: MemoryJobStore,
    /// Whether the line is there, on which they tell.
    line: Arc<Notify>,
    changed: Arc<Notify>,
    broken: Arc<Notify>,
}

/// The same store as seen by a scheduler that shares it.
struct Watched(Others);

impl StoreLayer for Watched {
    fn inner(&self) -> &dyn DynJobStore {
        &self.0.store
    }

    fn caps(&self) -> StoreCaps {
        let mut caps = JobStore::caps(&self.0.store).with_notify();
        caps.shared = true;
        caps
    }

    async fn watch(&self) -> Result<Option<Box<dyn ChangeWatch>>, StoreError> {
        self.0.line.notified().await;
        Ok(Some(Box::new(self.0.clone())))
    }
}

impl ChangeWatch for Others {
    fn changed(&mut self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async {
            tokio::select! {
                () = self.changed.notified() => Ok(()),
                () = self.broken.notified() => {
                    Err(StoreError::new(StoreErrorKind::Unavailable, "the line is dead"))
                }
            }
        })
    }
}

impl Others {
    /// A scheduler beside them, which has looked at the store, and waits for the line.
    fn rig(&self) -> Rig {
        let watched = Layered(Watched(self.clone()));
        let rig = Rig::new(|builder| {
            // Nothing is found by polling before an hour is over.
            let hour = Duration::from_secs(3_600);
            builder.job_store("default", watched).poll_interval(hour).task(note)
        });
        rig.pass();
        // The signals of the start are spent.
        let _ = rig.block_on(async { timeout(Duration::ZERO, rig.woken()).await });
        rig
    }

    /// The same, on the line.
    fn watching_rig(&self) -> Rig {
        let rig = self.rig();
        self.line.notify_one();
        let woken = rig.block_on(async { timeout(PATIENCE, rig.woken()).await });
        woken.expect("whoever begins to watch looks once more");
        rig.pass();
        rig
    }

    /// Adds a job that is due at second 0, by a scheduler that runs none.
    fn add(&self, rig: &Rig, id: &str) {
        let other = AsyncScheduler::builder().job_store("default", self.store.clone());
        let other = other.timezone("UTC").build().unwrap();
        rig.block_on(async {
            other.start_paused().await.unwrap();
            let job = other.job(note(id.into())).id(id).trigger(DateTrigger::at(at(0)));
            job.add().await.unwrap();
            other.shutdown().await.unwrap();
        });
    }
}

/// What a driver does, without its timer.
fn run_when_woken(rig: &Rig) {
    while rig.log.len() == 0 {
        let woken = rig.block_on(async { timeout(PATIENCE, rig.woken()).await });
        woken.expect("the scheduler is woken");
        rig.pass();
    }
}

#[test]
fn a_change_by_others_wakes_the_scheduler() {
    let others = Others::default();
    let rig = others.watching_rig();
    others.add(&rig, "job");
    rig.pass();
    assert_eq!(rig.log.len(), 0, "nobody has told");
    others.changed.notify_one();
    run_when_woken(&rig);
    assert_eq!(rig.log.lines(), ["job@0"]);
}

#[test]
fn a_watch_that_breaks_is_a_change_too() {
    let others = Others::default();
    let rig = others.watching_rig();
    others.add(&rig, "unheard of");
    others.broken.notify_one();
    run_when_woken(&rig);
    assert_eq!(rig.log.lines(), ["unheard of@0"]);
}

#[test]
fn what_changed_before_the_watch_began_is_seen() {
    let others = Others::default();
    let rig = others.rig();
    others.add(&rig, "early");
    rig.pass();
    assert_eq!(rig.log.len(), 0, "nobody has told");
    others.line.notify_one();
    run_when_woken(&rig);
    assert_eq!(rig.log.lines(), ["early@0"]);
}
