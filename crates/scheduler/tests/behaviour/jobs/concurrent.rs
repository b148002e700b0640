//! Users who change a job at the same time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use punctual_core::{
    DynJobStore, JobChange, JobId, RecordUpdate, Revision, StoreError, StoreErrorKind,
};
use punctual_scheduler::SchedulerError;
use punctual_store_memory::MemoryJobStore;
use punctual_testkit::{Layered, StoreLayer};
use punctual_triggers::IntervalTrigger;
use tokio::sync::Barrier;

use crate::common::{Rig, at, note};

/// A store where the first changes wait for each other, so that all have read the same before.
#[derive(Clone)]
struct Meeting {
    store: MemoryJobStore,
    barrier: Arc<Barrier>,
    left: Arc<AtomicUsize>,
}

impl StoreLayer for Meeting {
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

/// With a job that runs every 10 seconds, and where so many changes meet.
fn rig(changes: usize) -> Rig {
    let store = Meeting {
        store: MemoryJobStore::new(),
        barrier: Arc::new(Barrier::new(changes)),
        left: Arc::new(AtomicUsize::new(changes)),
    };
    let rig = Rig::new(|builder| builder.job_store("default", Layered(store)));
    let job = rig.job(note("old".into())).id("job").name("old");
    rig.block_on(job.trigger(IntervalTrigger::seconds(10)).add()).unwrap();
    rig
}

#[test]
fn both_changes_are_made() {
    let rig = rig(2);
    let (one, two) = rig.block_on(async {
        tokio::join!(
            rig.modify_job("job", JobChange::new().name("new").max_instances(2)),
            rig.modify_job("job", JobChange::new().call(note("new".into())).max_instances(3)),
        )
    });
    one.unwrap();
    two.unwrap();
    let job = rig.block_on(rig.get_job("job")).unwrap().unwrap();
    assert_eq!(job.name(), "new");
    let last = job.definition.as_ref().unwrap().options.max_instances;
    assert!([2, 3].contains(&last), "what both change is as the last one says: {last}");
    rig.events.wait_count("JOB_MODIFIED", 2);
    rig.run_until(10);
    assert_eq!(rig.log.lines(), ["new@10"]);
}

#[test]
fn a_change_a_new_trigger_and_a_pause_are_all_made() {
    let rig = rig(3);
    let (modified, rescheduled, paused) = rig.block_on(async {
        tokio::join!(
            rig.modify_job("job", JobChange::new().name("new")),
            rig.reschedule_job("job", IntervalTrigger::seconds(3)),
            rig.pause_job("job"),
        )
    });
    for done in [modified, rescheduled, paused] {
        done.unwrap();
    }
    // Whether it is paused is as the later one of these two says.
    rig.block_on(rig.resume_job("job")).unwrap();
    let job = rig.block_on(rig.get_job("job")).unwrap().unwrap();
    assert_eq!((job.name(), job.next_run_time), ("new", Some(at(3))));
}

#[test]
fn a_change_of_a_job_that_is_removed_meanwhile_finds_none() {
    let rig = rig(2);
    let (modified, removed) = rig.block_on(async {
        let modify = rig.modify_job("job", JobChange::new().name("new"));
        let remove = async {
            rig.remove_job("job").await.unwrap();
            // Lets the change go on.
            let job = rig.job(note("other".into())).id("other");
            job.trigger(IntervalTrigger::seconds(10)).add().await.unwrap();
            rig.pause_job("other").await
        };
        tokio::join!(modify, remove)
    });
    assert!(matches!(modified, Err(SchedulerError::JobNotFound(_))), "{modified:?}");
    removed.unwrap();
}

/// A store where somebody else is always quicker.
struct Crowded(MemoryJobStore);

impl StoreLayer for Crowded {
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
fn who_never_gets_a_turn_is_told_that_it_is_worth_another_try() {
    let store = Layered(Crowded(MemoryJobStore::new()));
    let rig = Rig::new(|builder| builder.job_store("default", store));
    let job = rig.job(note("old".into())).id("job");
    rig.block_on(job.trigger(IntervalTrigger::seconds(10)).add()).unwrap();
    let modified = rig.block_on(rig.modify_job("job", JobChange::new().name("new")));
    let paused = rig.block_on(rig.pause_job("job"));
    for error in [modified.unwrap_err(), paused.unwrap_err()] {
        assert!(error.is_retryable());
        match error {
            SchedulerError::Store { source, .. } => {
                assert_eq!(source.kind(), StoreErrorKind::Conflict);
                assert!(!source.is_retryable(), "not with the revision that it was read with");
            }
            other => panic!("{other:?}"),
        }
    }
}
