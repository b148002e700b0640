//! Concurrent changes of one job.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use punctual_core::{DynJobStore, JobId, RecordUpdate, Revision, StoreError, StoreErrorKind};
use punctual_scheduler::{JobChange, SchedulerError};
use punctual_store_memory::MemoryJobStore;
use punctual_testkit::{Layered, StoreLayer};
use punctual_triggers::IntervalTrigger;
use tokio::sync::Barrier;

use crate::common::{SchedulerFixture, at, note};

/// A store in which the first updates wait for each other, so that all of them have read the same record.
#[derive(Clone)]
struct BarrierStore {
    store: MemoryJobStore,
    barrier: Arc<Barrier>,
    left: Arc<AtomicUsize>,
}

impl StoreLayer for BarrierStore {
    fn inner(&self) -> &dyn DynJobStore {
        &self.store
    }

    async fn update(
        &self,
        id: &JobId,
        expected: Revision,
        update: RecordUpdate,
    ) -> Result<Revision, StoreError> {
        let one_less = |left: usize| left.checked_sub(1);
        if self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok() {
            self.barrier.wait().await;
        }
        self.inner().update(id, expected, update).await
    }
}

/// Creates a scheduler with a job that runs every 10 seconds, on a store where `changes` updates meet.
fn fixture(changes: usize) -> SchedulerFixture {
    let store = BarrierStore {
        store: MemoryJobStore::new(),
        barrier: Arc::new(Barrier::new(changes)),
        left: Arc::new(AtomicUsize::new(changes)),
    };
    let fixture = SchedulerFixture::new(|builder| builder.job_store("default", Layered(store)));
    let job = fixture.job(note("old".into())).id("job").name("old");
    fixture.block_on(job.trigger(IntervalTrigger::seconds(10)).add()).unwrap();
    fixture
}

#[test]
fn both_changes_are_applied() {
    let fixture = fixture(2);
    let (one, two) = fixture.block_on(async {
        tokio::join!(
            fixture.modify_job("job", JobChange::new().name("new").max_instances(2)),
            fixture.modify_job("job", JobChange::new().call(note("new".into())).max_instances(3)),
        )
    });
    one.unwrap();
    two.unwrap();
    let job = fixture.block_on(fixture.get_job("job")).unwrap().unwrap();
    assert_eq!(job.name(), "new");
    let last = job.definition.as_ref().unwrap().options.max_instances;
    assert!([2, 3].contains(&last), "the last update wins: {last}");
    fixture.events.wait_count("JOB_MODIFIED", 2);
    fixture.run_until(10);
    assert_eq!(fixture.log.lines(), ["new@10"]);
}

#[test]
fn modify_reschedule_and_pause_are_all_applied() {
    let fixture = fixture(3);
    let (modified, rescheduled, paused) = fixture.block_on(async {
        tokio::join!(
            fixture.modify_job("job", JobChange::new().name("new")),
            fixture.reschedule_job("job", IntervalTrigger::seconds(3)),
            fixture.pause_job("job"),
        )
    });
    for done in [modified, rescheduled, paused] {
        done.unwrap();
    }
    // Whether the job is paused depends on which of the two updates was applied last.
    fixture.block_on(fixture.resume_job("job")).unwrap();
    let job = fixture.block_on(fixture.get_job("job")).unwrap().unwrap();
    assert_eq!((job.name(), job.next_run_time), ("new", Some(at(3))));
}

#[test]
fn a_change_of_a_concurrently_removed_job_returns_not_found() {
    let fixture = fixture(2);
    let (modified, removed) = fixture.block_on(async {
        let modify = fixture.modify_job("job", JobChange::new().name("new"));
        let remove = async {
            fixture.remove_job("job").await.unwrap();
            // Releases the update.
            let job = fixture.job(note("other".into())).id("other");
            job.trigger(IntervalTrigger::seconds(10)).add().await.unwrap();
            fixture.pause_job("other").await
        };
        tokio::join!(modify, remove)
    });
    assert!(matches!(modified, Err(SchedulerError::JobNotFound { .. })), "{modified:?}");
    removed.unwrap();
}

/// A store in which a concurrent update always succeeds first.
struct AlwaysConflictingStore(MemoryJobStore);

impl StoreLayer for AlwaysConflictingStore {
    fn inner(&self) -> &dyn DynJobStore {
        &self.0
    }

    async fn update(
        &self,
        id: &JobId,
        expected: Revision,
        update: RecordUpdate,
    ) -> Result<Revision, StoreError> {
        self.inner().update(id, expected, RecordUpdate::default()).await?;
        self.inner().update(id, expected, update).await
    }
}

#[test]
fn repeated_conflicts_return_a_retryable_error() {
    let store = Layered(AlwaysConflictingStore(MemoryJobStore::new()));
    let fixture = SchedulerFixture::new(|builder| builder.job_store("default", store));
    let job = fixture.job(note("old".into())).id("job");
    fixture.block_on(job.trigger(IntervalTrigger::seconds(10)).add()).unwrap();
    let modified = fixture.block_on(fixture.modify_job("job", JobChange::new().name("new")));
    let paused = fixture.block_on(fixture.pause_job("job"));
    for error in [modified.unwrap_err(), paused.unwrap_err()] {
        assert!(error.is_retryable());
        match error {
            SchedulerError::Store { source, .. } => {
                assert_eq!(source.kind(), StoreErrorKind::Conflict);
                assert!(!source.is_retryable(), "a retry with the same revision would fail");
            }
            other => panic!("{other:?}"),
        }
    }
}
