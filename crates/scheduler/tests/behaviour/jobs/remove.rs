//! Removing jobs.

use punctual_core::Recovery;
use punctual_scheduler::{JobChange, JobQuery, NewJob};
use punctual_store_memory::MemoryJobStore;
use punctual_triggers::{DateTrigger, IntervalTrigger};

use crate::common::{Call, Fault, ManualExecutor, SchedulerFixture, TempStore, at, faulty, note};

#[test]
fn a_removed_job_no_longer_runs_and_is_reported_once() {
    let fixture = SchedulerFixture::in_memory();
    let job = fixture.job(note("job".into())).id("job").trigger(IntervalTrigger::seconds(10));
    fixture.block_on(job.add()).unwrap();
    fixture.run_until(15);
    fixture.block_on(fixture.remove_job("job")).unwrap();
    fixture.block_on(fixture.remove_job("job")).unwrap_err();
    fixture.run_until(50);
    assert_eq!(fixture.log.lines(), ["job@10"]);
    assert_eq!(fixture.events.with_prefix("JOB_REMOVED"), ["JOB_REMOVED job"]);
}

#[test]
fn a_run_in_progress_continues_after_the_removal() {
    for recovery in [Recovery::Skip, Recovery::Rerun] {
        let (file, held) = (TempStore::new(), ManualExecutor::default());
        let fixture = SchedulerFixture::new(|builder| {
            builder.job_store("default", file.store()).executor("default", held.clone())
        });
        let job = fixture.job(note("job".into())).id("job").recovery(recovery);
        fixture.block_on(job.trigger(DateTrigger::at(at(10))).add()).unwrap();
        fixture.jump_to(10);
        // A one-shot job that is not rerun is already removed.
        let removed = fixture.block_on(fixture.remove_job("job")).is_ok();
        assert_eq!(removed, recovery == Recovery::Rerun);
        held.run_one();
        fixture.jump_to(11);
        assert_eq!(fixture.log.lines(), ["job@10"]);
        assert_eq!(fixture.events.with_prefix("JOB_REMOVED"), ["JOB_REMOVED job"]);
        assert_eq!(fixture.events.with_prefix("JOB_EXECUTED"), ["JOB_EXECUTED job"]);
        assert_eq!(fixture.events.with_prefix("JOBSTORE_FAILED"), [""; 0]);
    }
}

#[test]
fn all_jobs_of_one_store_or_of_all_stores_are_removed() {
    let file = TempStore::new();
    let fixture = SchedulerFixture::new(|builder| {
        builder.job_store("memory", MemoryJobStore::new()).job_store("file", file.store())
    });
    let fill = || {
        for (id, store) in [("a", "memory"), ("b", "file"), ("c", "file")] {
            let job = fixture.job(note(id.into())).id(id).job_store(store);
            fixture.block_on(job.trigger(IntervalTrigger::seconds(10)).add()).unwrap();
        }
    };
    let left = || fixture.block_on(fixture.get_jobs(JobQuery::new())).unwrap().len();
    fill();
    fixture.block_on(fixture.remove_all_jobs_of("file")).unwrap();
    assert_eq!(left(), 1);
    fixture.block_on(fixture.remove_all_jobs()).unwrap();
    assert_eq!(left(), 0);
    fill();
    fixture.block_on(fixture.remove_all_jobs()).unwrap();
    assert_eq!(left(), 0);
    fixture.block_on(fixture.remove_all_jobs_of("nowhere")).unwrap_err();
    fixture.run_until(50);
    assert_eq!(fixture.log.len(), 0);
    assert_eq!(fixture.events.with_prefix("ALL_JOBS_REMOVED").len(), 3);
    assert_eq!(fixture.events.with_prefix("JOB_REMOVED"), [""; 0]);
}

#[test]
fn a_closure_is_dropped_with_its_job() {
    let fixture = SchedulerFixture::in_memory();
    let held = std::sync::Arc::new(());
    let add = |id: &str| {
        let holds = std::sync::Arc::clone(&held);
        let job = fixture.job(move || drop(std::sync::Arc::clone(&holds))).id(id);
        fixture.block_on(job.trigger(DateTrigger::at(at(10))).add())
    };
    for id in ["removed", "cleared", "run"] {
        add(id).unwrap();
        add(id).unwrap_err();
        match id {
            "removed" => fixture.block_on(fixture.remove_job(id)).unwrap(),
            "cleared" => fixture.block_on(fixture.remove_all_jobs()).unwrap(),
            _ => fixture.run_until(10),
        }
        assert_eq!(std::sync::Arc::strong_count(&held), 1, "{id}");
    }
}

#[test]
fn a_closure_that_could_not_be_stored_is_dropped() {
    let store = faulty(MemoryJobStore::new());
    let faults = store.0.faults.clone();
    let fixture = SchedulerFixture::new(|builder| builder.job_store("default", store));
    let held = std::sync::Arc::new(());
    let closure = || {
        let holds = std::sync::Arc::clone(&held);
        move || drop(std::sync::Arc::clone(&holds))
    };
    let job = fixture.job(closure()).id("job").trigger(DateTrigger::at(at(10)));
    fixture.block_on(job.add()).unwrap();
    assert_eq!(std::sync::Arc::strong_count(&held), 2);

    faults.set(Call::Update, Fault::NotApplied);
    let change = JobChange::new().call(closure());
    fixture.block_on(fixture.modify_job("job", change)).unwrap_err();
    assert_eq!(std::sync::Arc::strong_count(&held), 2, "the closure of the failed change");

    let valid = NewJob::builder(closure()).build();
    let invalid = NewJob::builder(closure()).max_instances(0).build();
    fixture.block_on(fixture.add_jobs([valid, invalid])).unwrap_err();
    assert_eq!(std::sync::Arc::strong_count(&held), 2, "the closures of the invalid batch");
}
