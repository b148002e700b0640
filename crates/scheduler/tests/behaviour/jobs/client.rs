//! Client-only schedulers, which manage jobs that other processes run.

use std::sync::atomic::Ordering;

use punctual_core::Recovery;
use punctual_scheduler::{AsyncScheduler, JobChange, JobQuery, NewJob, SchedulerError};
use punctual_triggers::{DateTrigger, IntervalTrigger};

use crate::common::{Call, FailingExecutor, Faults, SchedulerFixture, TempStore, at, faulty, note};

fn client(file: &TempStore) -> (SchedulerFixture, Faults) {
    let store = faulty(file.store());
    let faults = store.0.faults.clone();
    (SchedulerFixture::new(|builder| builder.job_store("default", store).client_only()), faults)
}

fn runner(file: &TempStore) -> SchedulerFixture {
    SchedulerFixture::new(|builder| builder.job_store("default", file.store()).task(note))
}

#[test]
fn another_process_runs_jobs_added_by_a_client() {
    let file = TempStore::new();
    let ((client, faults), runner) = (client(&file), runner(&file));
    let job = client.job(note("a".into())).id("a").recovery(Recovery::Rerun);
    let job = client.block_on(job.trigger(DateTrigger::at(at(10))).add()).unwrap();
    assert_eq!(job.next_run_time, Some(at(10)));
    client.run_until(100);
    assert_eq!(client.log.len(), 0);
    runner.run_until(20);
    assert_eq!(runner.log.lines(), ["a@10"]);
    for call in [Call::ClaimDue, Call::Commit, Call::TakeOver, Call::Renew, Call::NextWakeup] {
        assert_eq!(faults.calls(call), 0, "{call:?}");
    }
    client.block_on(client.shutdown()).unwrap();
    assert_eq!(faults.calls(Call::Renew) + faults.calls(Call::Commit), 0);
}

#[test]
fn a_client_takes_over_no_runs() {
    let file = TempStore::new();
    let held = crate::common::ManualExecutor::default();
    let expired_node = SchedulerFixture::new(|builder| {
        builder.job_store("default", file.store()).executor("default", held.clone())
    });
    let job = expired_node.job(note("a".into())).id("a").recovery(Recovery::Rerun);
    expired_node.block_on(job.trigger(DateTrigger::at(at(10))).add()).unwrap();
    expired_node.jump_to(10);
    let (client, _) = client(&file);
    client.run_until(100);
    let job = client.block_on(client.get_job("a")).unwrap().unwrap();
    assert_eq!((job.in_flight, client.events.with_prefix("JOB_RECOVERED").len()), (1, 0));
}

#[test]
fn a_client_manages_jobs() {
    let file = TempStore::new();
    let ((client, _), runner) = (client(&file), runner(&file));
    let every_ten = || IntervalTrigger::seconds(10).start_date(at(10));
    for id in ["a", "b"] {
        let job = runner.job(note(id.into())).id(id).trigger(every_ten());
        runner.block_on(job.add()).unwrap();
    }
    client.block_on(async {
        let jobs = client.get_jobs(JobQuery::new()).await.unwrap();
        // The client has neither the task nor the executor of these jobs, and needs neither.
        assert_eq!(jobs.iter().map(|job| job.id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert!(jobs.iter().all(|job| job.problem.is_none()));
        client.pause_job("a").await.unwrap();
        client.remove_job("b").await.unwrap();
        let change = JobChange::new().name("renamed");
        assert_eq!(client.modify_job("a", change).await.unwrap().name(), "renamed");
        let many = (0..3).map(|n| NewJob::builder(note("n".into())).id(format!("{n}")));
        let many = many.map(|job| job.trigger(DateTrigger::at(at(30))).build());
        assert_eq!(client.add_jobs(many).await.unwrap().len(), 3);
    });
    runner.run_until(20);
    assert_eq!(runner.log.lines(), [""; 0]);
    client.clock().set(at(20));
    client.block_on(client.resume_job("a")).unwrap();
    client.block_on(client.reschedule_job("0", DateTrigger::at(at(25)))).unwrap();
    runner.run_until(30);
    assert_eq!(runner.log.lines()[..3], ["a@20", "n@25", "a@30"]);
    assert_eq!(runner.log.len(), 5);
    let history = client.block_on(client.history(Default::default())).unwrap();
    runner.run_until(32);
    let later = client.block_on(client.history(Default::default())).unwrap();
    assert!(history.entries.len() <= 5 && later.entries.len() == 5, "runs of other nodes too");
}

#[test]
fn a_client_makes_jobs_due_but_does_not_run_them() {
    let file = TempStore::new();
    let ((client, _), runner) = (client(&file), runner(&file));
    let trigger = IntervalTrigger::seconds(100).start_date(at(100));
    client.block_on(client.job(note("a".into())).id("a").trigger(trigger).add()).unwrap();
    let error = client.block_on(client.run_job_now("a")).unwrap_err();
    assert!(matches!(error, SchedulerError::ClientOnly), "{error}");
    assert!(error.to_string().contains("make_job_due"), "{error}");
    client.clock().set(at(7));
    let due = client.block_on(client.make_job_due("a")).unwrap();
    assert_eq!(due.next_run_time, Some(at(7)));
    runner.run_until(250);
    assert_eq!(runner.log.lines(), ["a@7", "a@100", "a@200"], "then by its trigger");
}

#[test]
fn make_job_due_keeps_earlier_times_and_resumes_paused_jobs() {
    let file = TempStore::new();
    let fixture = runner(&file);
    for (id, when) in [("late", 5), ("paused", 50)] {
        let job = fixture.job(note(id.into())).id(id).trigger(DateTrigger::at(at(when)));
        fixture.block_on(job.add()).unwrap();
    }
    fixture.block_on(fixture.pause_job("paused")).unwrap();
    fixture.clock().set(at(10));
    fixture.block_on(fixture.make_job_due("late")).unwrap();
    fixture.block_on(fixture.make_job_due("paused")).unwrap();
    fixture.run_until(60);
    assert_eq!(fixture.log.lines(), ["late@5", "paused@10", "paused@50"]);
}

#[test]
fn a_client_needs_no_executor() {
    let file = TempStore::new();
    let broken = FailingExecutor::default();
    broken.start.store(true, Ordering::SeqCst);
    let fixture = SchedulerFixture::new(|builder| {
        builder.job_store("default", file.store()).executor("default", broken).client_only()
    });
    assert!(fixture.is_running() && fixture.health().is_ok());
}

#[test]
fn a_client_needs_a_shared_store() {
    let error = AsyncScheduler::builder().client_only().build().unwrap_err();
    assert!(error.to_string().starts_with("client_only"), "{error}");
}
