//! Stores with change notifications.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use punctual_core::{
    BoxFuture, ChangeWatch, DynJobStore, JobStore, StoreCaps, StoreError, StoreErrorKind,
    TaskFilter, Timestamp,
};
use punctual_scheduler::AsyncScheduler;
use punctual_store_memory::MemoryJobStore;
use punctual_testkit::{Layered, StoreLayer};
use punctual_triggers::DateTrigger;
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::common::{SchedulerFixture, TIMEOUT, at, note};

/// A shared store that other processes change, with the notifications of these changes.
#[derive(Clone, Default)]
struct SharedStoreStub {
    store: MemoryJobStore,
    /// Whether notifications are available.
    line: Arc<Notify>,
    changed: Arc<Notify>,
    broken: Arc<Notify>,
    /// When the job of the next change is due, if the notification tells.
    due_at: Arc<Mutex<Option<Timestamp>>>,
    /// How often the scheduler has asked for the next due time.
    polls: Arc<AtomicUsize>,
}

/// The shared store as a scheduler uses it.
struct WatchedStore(SharedStoreStub);

impl StoreLayer for WatchedStore {
    fn inner(&self) -> &dyn DynJobStore {
        &self.0.store
    }

    fn caps(&self) -> StoreCaps {
        let mut caps = JobStore::caps(&self.0.store).with_notify();
        caps.shared = true;
        caps
    }

    async fn next_wakeup(&self, tasks: &TaskFilter) -> Result<Option<Timestamp>, StoreError> {
        self.0.polls.fetch_add(1, Ordering::Relaxed);
        self.inner().next_wakeup(tasks).await
    }

    async fn watch(&self) -> Result<Option<Box<dyn ChangeWatch>>, StoreError> {
        self.0.line.notified().await;
        Ok(Some(Box::new(self.0.clone())))
    }
}

impl ChangeWatch for SharedStoreStub {
    fn changed(&mut self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async {
            tokio::select! {
                () = self.changed.notified() => Ok(()),
                () = self.broken.notified() => {
                    Err(StoreError::new(StoreErrorKind::Unavailable, "the connection is broken"))
                }
            }
        })
    }

    fn due_at(&self) -> Option<Timestamp> {
        *self.due_at.lock().unwrap()
    }
}

impl SharedStoreStub {
    /// Creates a scheduler that has polled the store once and waits until notifications are available.
    fn fixture(&self) -> SchedulerFixture {
        let watched = Layered(WatchedStore(self.clone()));
        let fixture = SchedulerFixture::new(|builder| {
            // The poll interval is an hour, so no job is found by polling.
            let hour = Duration::from_secs(3_600);
            builder.job_store("default", watched).poll_interval(hour).task(note)
        });
        fixture.pass();
        // The wake-ups of the start are consumed.
        let _ =
            fixture.block_on(async { timeout(Duration::ZERO, fixture.wait_for_wakeup()).await });
        fixture
    }

    /// Creates a scheduler that receives notifications.
    fn watching_fixture(&self) -> SchedulerFixture {
        let fixture = self.fixture();
        self.line.notify_one();
        let woken = fixture.block_on(async { timeout(TIMEOUT, fixture.wait_for_wakeup()).await });
        woken.expect("a new watch wakes the scheduler once");
        fixture.pass();
        fixture
    }

    /// Adds a job that is due at second 0, from a client-only scheduler.
    fn add(&self, fixture: &SchedulerFixture, id: &str) {
        self.add_due(fixture, id, at(0));
    }

    fn add_due(&self, fixture: &SchedulerFixture, id: &str, due_at: Timestamp) {
        let other = AsyncScheduler::builder().job_store("default", self.store.clone());
        let other = other.timezone("UTC").build().unwrap();
        fixture.block_on(async {
            other.start_paused().await.unwrap();
            let job = other.job(note(id.into())).id(id).trigger(DateTrigger::at(due_at));
            job.add().await.unwrap();
            other.shutdown().await.unwrap();
        });
    }
}

/// Does what a driver does, without its timer.
fn run_when_woken(fixture: &SchedulerFixture) {
    while fixture.log.len() == 0 {
        let woken = fixture.block_on(async { timeout(TIMEOUT, fixture.wait_for_wakeup()).await });
        woken.expect("the scheduler is woken");
        fixture.pass();
    }
}

#[test]
fn a_change_by_another_process_wakes_the_scheduler() {
    let others = SharedStoreStub::default();
    let fixture = others.watching_fixture();
    others.add(&fixture, "job");
    fixture.pass();
    assert_eq!(fixture.log.len(), 0, "no notification was sent");
    others.changed.notify_one();
    run_when_woken(&fixture);
    assert_eq!(fixture.log.lines(), ["job@0"]);
}

#[test]
fn a_notification_with_the_due_time_of_an_added_job_needs_no_poll() {
    let others = SharedStoreStub::default();
    let fixture = others.watching_fixture();
    others.add_due(&fixture, "job", at(3));
    *others.due_at.lock().unwrap() = Some(at(3));
    let polls = others.polls.load(Ordering::Relaxed);
    others.changed.notify_one();
    let woken = fixture.block_on(async { timeout(TIMEOUT, fixture.wait_for_wakeup()).await });
    woken.expect("the scheduler is woken");
    assert_eq!(fixture.pass(), Some(at(3)));
    assert_eq!(others.polls.load(Ordering::Relaxed), polls);
    fixture.jump_to(3);
    assert_eq!(fixture.log.lines(), ["job@3"]);
}

#[test]
fn a_broken_watch_counts_as_a_change() {
    let others = SharedStoreStub::default();
    let fixture = others.watching_fixture();
    others.add(&fixture, "unheard of");
    others.broken.notify_one();
    run_when_woken(&fixture);
    assert_eq!(fixture.log.lines(), ["unheard of@0"]);
}

#[test]
fn changes_before_the_watch_started_are_found() {
    let others = SharedStoreStub::default();
    let fixture = others.fixture();
    others.add(&fixture, "early");
    fixture.pass();
    assert_eq!(fixture.log.len(), 0, "no notification was sent");
    others.line.notify_one();
    run_when_woken(&fixture);
    assert_eq!(fixture.log.lines(), ["early@0"]);
}
