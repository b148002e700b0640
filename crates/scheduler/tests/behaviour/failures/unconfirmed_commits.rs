//! Commits whose response is lost: each fire time is run exactly once.

use std::sync::Arc;

use parking_lot::Mutex;
use punctual_core::{
    Coalesce, Commit, CommitAction, CommitBatch, CommitOutcome, DynJobStore, JobStore, Recovery,
    StoreError,
};
use punctual_scheduler::{JobQuery, NewJob};
use punctual_store_memory::MemoryJobStore;
use punctual_store_sql::SqliteJobStore;
use punctual_testkit::{Layered, StoreLayer};
use punctual_triggers::{DateTrigger, IntervalTrigger};

use crate::common::{Call, Fault, ManualExecutor, SchedulerFixture, TempStore, at, faulty, note};

/// Runs a one-shot job at second 10 and a job at seconds 10 and 20, whose first commit fails with `fault`.
fn check_commit_fault<S: JobStore>(inner: S, recovery: Recovery, fault: Fault) {
    let store_caps = inner.caps();
    let store = faulty(inner);
    let faults = store.0.faults.clone();
    let fixture = SchedulerFixture::new(|builder| builder.job_store("default", store));
    let jobs = [
        fixture.job(note("once".into())).id("once").trigger(DateTrigger::at(at(10))),
        fixture
            .job(note("often".into()))
            .id("often")
            .trigger(IntervalTrigger::seconds(10).start_date(at(10)).end_date(at(20))),
    ];
    for job in jobs {
        fixture.block_on(job.recovery(recovery).add()).unwrap();
    }
    let starts_under_claim = store_caps.persistent && recovery == Recovery::Rerun;
    faults.once(Call::Commit, fault);
    fixture.jump_to(10);
    let started = if starts_under_claim { 2 } else { 0 };
    assert_eq!(
        fixture.log.len(),
        started,
        "other runs don't start while the commit is unconfirmed"
    );
    assert_eq!(fixture.events.with_prefix("JOBSTORE_FAILED").len(), 1);
    fixture.run_until(30);
    let mut lines = fixture.log.lines();
    lines.sort();
    assert_eq!(lines, ["often@10", "often@20", "once@10"]);
    assert_eq!(fixture.events.with_prefix("JOBSTORE_RECOVERED").len(), 1);
    assert_eq!(fixture.events.with_prefix("JOB_REMOVED once").len(), 1);
    assert_eq!(fixture.events.with_prefix("JOB_REMOVED often").len(), 1);
    assert!(fixture.block_on(fixture.get_jobs(JobQuery::new())).unwrap().is_empty());
    assert!(fixture.health().is_ok());
}

#[test]
fn a_failed_commit_is_retried() {
    for recovery in [Recovery::Skip, Recovery::Rerun] {
        check_commit_fault(MemoryJobStore::new(), recovery, Fault::NotApplied);
        check_commit_fault(TempStore::new().store(), recovery, Fault::NotApplied);
    }
}

#[test]
fn a_commit_whose_response_is_lost_is_applied_once() {
    for recovery in [Recovery::Skip, Recovery::Rerun] {
        check_commit_fault(MemoryJobStore::new(), recovery, Fault::ResponseLost);
        let file = TempStore::new();
        check_commit_fault(file.store(), recovery, Fault::ResponseLost);
    }
}

#[test]
fn jobs_claimed_meanwhile_dont_wait_for_their_claims_to_expire() {
    for fault in [Fault::NotApplied, Fault::ResponseLost] {
        let store = faulty(MemoryJobStore::new());
        let faults = store.0.faults.clone();
        let fixture = SchedulerFixture::new(|builder| builder.job_store("default", store));
        // More jobs than one claim returns.
        let job = |_| NewJob::builder(note("job".into())).trigger(DateTrigger::at(at(10))).build();
        fixture.block_on(fixture.add_jobs((0..2_500).map(job))).unwrap();
        faults.once(Call::Commit, fault);
        fixture.jump_to(10);
        assert_eq!(fixture.log.len(), 0, "no run starts while its commit is unconfirmed");
        fixture.run_until(12);
        assert_eq!(fixture.log.len(), 2_500);
        assert!(fixture.block_on(fixture.get_jobs(JobQuery::new())).unwrap().is_empty());
    }
}

#[test]
fn a_cancelled_pass_loses_no_commit() {
    for recovery in [Recovery::Skip, Recovery::Rerun] {
        let store = faulty(MemoryJobStore::new());
        let faults = store.0.faults.clone();
        let fixture = SchedulerFixture::new(|builder| builder.job_store("default", store));
        let job = fixture.job(note("job".into())).id("job").recovery(recovery);
        let trigger = IntervalTrigger::seconds(10).start_date(at(10)).end_date(at(20));
        fixture.block_on(job.trigger(trigger).add()).unwrap();
        fixture.pass();
        fixture.cancelled_pass(10, &faults, Call::Commit, Fault::Delayed);
        assert_eq!(fixture.log.len(), 0);
        fixture.jump_to(11);
        assert_eq!(fixture.log.lines(), ["job@10"], "immediately, not after the claim has expired");
        fixture.run_until(30);
        assert_eq!(fixture.log.lines(), ["job@10", "job@20"]);
        assert!(fixture.block_on(fixture.get_jobs(JobQuery::new())).unwrap().is_empty());
    }
}

#[test]
fn a_completion_is_stored_although_the_pass_is_cancelled() {
    let (held, store) = (ManualExecutor::default(), faulty(MemoryJobStore::new()));
    let faults = store.0.faults.clone();
    let fixture = SchedulerFixture::new(|builder| {
        builder.job_store("default", store).executor("default", held.clone())
    });
    let job = fixture.job(note("once".into())).id("once").trigger(DateTrigger::at(at(10)));
    fixture.block_on(job.recovery(Recovery::Rerun).add()).unwrap();
    fixture.jump_to(10);
    held.run_one();
    fixture.cancelled_pass(11, &faults, Call::Commit, Fault::Delayed);
    fixture.jump_to(12);
    assert!(fixture.block_on(fixture.get_jobs(JobQuery::new())).unwrap().is_empty());
    assert_eq!(fixture.events.with_prefix("JOB_REMOVED"), ["JOB_REMOVED once"]);
}

#[test]
fn a_completion_is_stored_although_the_first_commit_fails() {
    for fault in [Fault::NotApplied, Fault::ResponseLost] {
        let file = TempStore::new();
        let store = faulty(file.store());
        let faults = store.0.faults.clone();
        let fixture = SchedulerFixture::new(|builder| builder.job_store("default", store));
        let job = fixture.job(note("once".into())).id("once").trigger(DateTrigger::at(at(10)));
        fixture.block_on(job.recovery(Recovery::Rerun).add()).unwrap();
        fixture.clock().set(at(10));
        // The first pass commits the start of the run, the second one its completion.
        fixture.block_on(fixture.tick(at(10)));
        faults.once(Call::Commit, fault);
        fixture.run_until(20);
        assert_eq!(fixture.log.lines(), ["once@10"]);
        assert_eq!(fixture.events.with_prefix("JOB_REMOVED"), ["JOB_REMOVED once"]);
        assert!(fixture.block_on(fixture.get_jobs(JobQuery::new())).unwrap().is_empty());
    }
}

#[test]
fn an_unconfirmed_run_now_does_not_block_other_runs() {
    for fault in [Fault::NotApplied, Fault::ResponseLost] {
        let file = TempStore::new();
        let store = faulty(file.store());
        let faults = store.0.faults.clone();
        let fixture = SchedulerFixture::new(|builder| builder.job_store("default", store));
        let job = fixture.job(note("job".into())).id("job").recovery(Recovery::Rerun);
        fixture
            .block_on(job.trigger(IntervalTrigger::seconds(60).start_date(at(60))).add())
            .unwrap();
        fixture.pass();
        faults.once(Call::Commit, fault);
        fixture.block_on(fixture.run_job_now("job")).unwrap_err();
        fixture.run_until(70);
        assert_eq!(fixture.log.lines(), ["job@60"]);
        fixture.block_on(fixture.run_job_now("job")).unwrap();
        fixture.pass();
        assert_eq!(fixture.log.lines(), ["job@60", "job@70"]);
    }
}

/// A store behind a connection that keeps a copy of the last commit that starts a run.
struct ReplayingStore {
    store: SqliteJobStore,
    start: Arc<Mutex<Vec<Commit>>>,
}

impl StoreLayer for ReplayingStore {
    fn inner(&self) -> &dyn DynJobStore {
        &self.store
    }

    async fn commit(&self, batch: CommitBatch) -> Result<Vec<CommitOutcome>, StoreError> {
        let advances = |commit: &Commit| matches!(commit.action, CommitAction::Advance { .. });
        if batch.commits.iter().any(advances) {
            *self.start.lock() = batch.commits.clone();
        }
        self.inner().commit(batch).await
    }
}

#[test]
fn a_commit_replayed_after_its_run_has_no_effect() {
    for coalesce in [Coalesce::Latest, Coalesce::All] {
        let (file, start) = (TempStore::new(), Arc::default());
        let line = Layered(ReplayingStore { store: file.store(), start: Arc::clone(&start) });
        let fixture = SchedulerFixture::new(|builder| builder.job_store("default", line));
        let job = fixture.job(note("job".into())).id("job").recovery(Recovery::Rerun);
        let job = job.coalesce(coalesce).trigger(IntervalTrigger::seconds(10).start_date(at(10)));
        fixture.block_on(job.add()).unwrap();
        fixture.run_until(12);
        let outside = file.store();
        fixture.block_on(async {
            JobStore::start(&outside).await.unwrap();
            let again = start.lock().clone();
            let outcomes = JobStore::commit(&outside, again.into()).await.unwrap();
            assert_eq!(outcomes, [CommitOutcome::Done]);
        });
        let in_flight = || fixture.block_on(fixture.get_job("job")).unwrap().unwrap().in_flight;
        assert_eq!(in_flight(), 0, "the run is not recorded again");
        fixture.run_until(45);
        assert_eq!(fixture.log.lines(), ["job@10", "job@20", "job@30", "job@40"]);
    }
}
