//! Changes of a schedule while another process runs the job.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use punctual_core::{
    Commit, CommitAction, DynJobStore, JobId, NodeId, RecordUpdate, Revision, Schedule, StoreError,
    TaskFilter,
};
use punctual_store_memory::MemoryJobStore;
use punctual_testkit::{Layered, ManualClock, StoreLayer};
use punctual_triggers::{DateTrigger, IntervalTrigger};

use crate::common::{SchedulerFixture, at, note};

/// A store in which another process runs each job for second 10 just before it is changed.
#[derive(Clone, Default)]
struct ConcurrentRunStore {
    store: MemoryJobStore,
    clock: Arc<OnceLock<ManualClock>>,
}

impl StoreLayer for ConcurrentRunStore {
    fn inner(&self) -> &dyn DynJobStore {
        &self.store
    }

    async fn update(
        &self,
        id: &JobId,
        expected: Revision,
        update: RecordUpdate,
    ) -> Result<Revision, StoreError> {
        if let Some(clock) = self.clock.get() {
            let lease = Duration::from_secs(10);
            let node = NodeId::random();
            let claims = self.inner().claim_due(&node, at(10), 9, lease, &TaskFilter::Any).await?;
            for record in claims.records {
                let schedule = Schedule::at(at(20));
                let action = CommitAction::Advance { schedule, fire_count: 1, start: Vec::new() };
                let (id, fence) = (record.id, record.fence);
                self.inner().commit(vec![Commit { id, fence, action }].into()).await?;
                clock.set(at(11));
            }
        }
        self.inner().update(id, expected, update).await
    }
}

/// Checks a change of a job that runs at seconds 10, 20, .. after another process has run it for second 10, the time
/// for which it is changed here.
fn check_concurrent_run(change: impl AsyncFn(&SchedulerFixture)) {
    let store = ConcurrentRunStore::default();
    let fixture =
        SchedulerFixture::new(|builder| builder.job_store("default", Layered(store.clone())));
    let job = fixture.job(note("mine".into())).id("job");
    fixture.block_on(job.trigger(IntervalTrigger::seconds(10)).add()).unwrap();
    fixture.clock().set(at(10));
    store.clock.set(fixture.clock().clone()).expect("once");
    fixture.block_on(change(&fixture));
    fixture.run_until(25);
    assert!(!fixture.log.lines().contains(&"mine@10".to_owned()), "{:?}", fixture.log.lines());
    assert_eq!(fixture.log.lines().last().unwrap(), "mine@20");
}

/// A store in which another process runs each job for the last time as soon as it was changed.
struct RemovingStore(MemoryJobStore);

impl StoreLayer for RemovingStore {
    fn inner(&self) -> &dyn DynJobStore {
        &self.0
    }

    async fn update(
        &self,
        id: &JobId,
        expected: Revision,
        update: RecordUpdate,
    ) -> Result<Revision, StoreError> {
        let revision = self.inner().update(id, expected, update).await?;
        self.inner().remove(std::slice::from_ref(id)).await?;
        Ok(revision)
    }
}

#[test]
fn a_change_succeeds_although_the_job_completes_immediately() {
    let fixture = SchedulerFixture::new(|builder| {
        builder.job_store("default", Layered(RemovingStore(MemoryJobStore::new())))
    });
    let once = |id: &str| {
        let job = fixture.job(note("mine".into())).id(id).trigger(DateTrigger::at(at(99)));
        fixture.block_on(job.add()).unwrap();
    };
    once("due");
    let job = fixture.block_on(fixture.make_job_due("due")).unwrap();
    assert_eq!(job.next_run_time, Some(at(0)));
    once("moved");
    let job = fixture.block_on(fixture.reschedule_job("moved", DateTrigger::at(at(5)))).unwrap();
    assert_eq!(job.next_run_time, Some(at(5)));
    assert_eq!(job.trigger.unwrap().next_fire_time(None, at(0)), Some(at(5)));
}

#[test]
fn a_resumed_job_does_not_repeat_a_fire_time() {
    check_concurrent_run(async |fixture| {
        let job = fixture.resume_job("job").await.unwrap();
        assert_eq!(job.next_run_time, Some(at(20)));
    });
}

#[test]
fn a_rescheduled_job_does_not_repeat_a_fire_time() {
    check_concurrent_run(async |fixture| {
        let trigger = IntervalTrigger::seconds(10).start_date(at(0));
        let job = fixture.reschedule_job("job", trigger).await.unwrap();
        assert_eq!(job.next_run_time, Some(at(20)));
    });
}

#[test]
fn a_replaced_job_does_not_repeat_a_fire_time() {
    check_concurrent_run(async |fixture| {
        let job = fixture.job(note("mine".into())).id("job").max_instances(4);
        let job = job.trigger(IntervalTrigger::seconds(10).start_date(at(0)));
        let job = job.replace_existing(true).add().await.unwrap();
        assert_eq!(job.next_run_time, Some(at(20)));
    });
}

#[test]
fn a_job_made_due_runs_for_a_different_time() {
    check_concurrent_run(async |fixture| {
        let job = fixture.make_job_due("job").await.unwrap();
        assert_eq!(job.next_run_time, Some(at(11)));
    });
}
