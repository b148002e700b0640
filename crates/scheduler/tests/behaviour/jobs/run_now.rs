//! Running a job immediately, outside of its schedule.

use std::future::Future;
use std::task::{Context, Waker};

use punctual_core::Recovery;
use punctual_scheduler::SchedulerError;
use punctual_store_memory::MemoryJobStore;
use punctual_triggers::IntervalTrigger;

use crate::common::{Call, Fault, ManualExecutor, SchedulerFixture, TempStore, at, faulty, note};

fn fixture(file: &TempStore, recovery: Recovery) -> (SchedulerFixture, ManualExecutor) {
    let held = ManualExecutor::default();
    let fixture = SchedulerFixture::new(|builder| {
        builder.job_store("default", file.store()).executor("default", held.clone())
    });
    let job = fixture.job(note("job".into())).id("job").recovery(recovery).max_instances(2);
    fixture.block_on(job.trigger(IntervalTrigger::seconds(100).start_date(at(100))).add()).unwrap();
    (fixture, held)
}

#[test]
fn run_now_keeps_the_schedule_and_respects_limits() {
    for recovery in [Recovery::Skip, Recovery::Rerun] {
        let file = TempStore::new();
        let (fixture, held) = fixture(&file, recovery);
        fixture.jump_to(7);
        fixture.block_on(fixture.run_job_now("job")).unwrap();
        let first = fixture.block_on(fixture.run_job_now("job")).unwrap();
        let error = fixture.block_on(fixture.run_job_now("job")).unwrap_err();
        assert!(matches!(&error, SchedulerError::MaxInstances { id, .. } if id.as_str() == "job"));
        assert_eq!(
            error.to_string(),
            r#"job "job" in the job store "default" has the maximum number of runs in progress (max_instances)"#
        );
        assert!(error.is_retryable());
        let job = fixture.block_on(fixture.get_job("job")).unwrap().unwrap();
        assert_eq!((job.next_run_time, job.fire_count), (Some(at(100)), 0));
        assert_eq!(fixture.active_run_count(), 2);
        assert!(fixture.active_runs().iter().any(|run| run.run_id == first.run_id()));
        held.run_one();
        fixture.jump_to(8);
        fixture.block_on(fixture.run_job_now("job")).unwrap();
        held.run_one();
        held.run_one();
        fixture.jump_to(100);
        held.run_one();
        fixture.jump_to(101);
        assert_eq!(fixture.log.lines(), ["job@7", "job@7", "job@8", "job@100"]);
        let job = fixture.block_on(fixture.get_job("job")).unwrap().unwrap();
        assert_eq!((job.next_run_time, job.in_flight), (Some(at(200)), 0));
        assert_eq!(fixture.events.with_prefix("JOB_SUBMITTED").len(), 4);
        assert_eq!(fixture.events.with_prefix("JOB_EXECUTED").len(), 4);
    }
}

#[test]
fn run_now_works_on_paused_jobs_and_schedulers() {
    let file = TempStore::new();
    let (fixture, held) = fixture(&file, Recovery::Rerun);
    fixture.block_on(fixture.pause_job("job")).unwrap();
    fixture.pause().unwrap();
    fixture.block_on(fixture.run_job_now("job")).unwrap();
    held.run_one();
    fixture.pass();
    assert_eq!(fixture.log.lines(), ["job@0"]);
    let job = fixture.block_on(fixture.get_job("job")).unwrap().unwrap();
    assert_eq!((job.next_run_time, job.in_flight), (None, 0));
}

#[test]
fn a_cancelled_run_now_completes_in_the_background() {
    let (held, store) = (ManualExecutor::default(), faulty(MemoryJobStore::new()));
    let faults = store.0.faults.clone();
    let fixture = SchedulerFixture::new(|builder| {
        builder.job_store("default", store).executor("default", held.clone())
    });
    let job = fixture.job(note("job".into())).id("job").recovery(Recovery::Rerun);
    fixture.block_on(job.trigger(IntervalTrigger::seconds(100).start_date(at(100))).add()).unwrap();
    fixture.pass();
    faults.set(Call::Commit, Fault::Delayed);
    let mut start = Box::pin(fixture.run_job_now("job"));
    assert!(start.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    drop(start);
    assert_eq!((fixture.active_run_count(), held.len()), (1, 0));
    // The task runs until it blocks.
    fixture.block_on(tokio::task::yield_now());
    faults.clear();
    fixture.block_on(async {
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    });
    assert_eq!(held.len(), 1);
    held.run_one();
    fixture.pass();
    let job = fixture.block_on(fixture.get_job("job")).unwrap().unwrap();
    assert_eq!((fixture.active_run_count(), job.in_flight), (0, 0));
}
