//! Limits on concurrent runs and on the total number of runs.

use punctual_core::{Event, Recovery, SkipReason};
use punctual_scheduler::{JobQuery, NewJob};
use punctual_store_memory::MemoryJobStore;
use punctual_triggers::{DateTrigger, IntervalTrigger};

use crate::common::{ManualExecutor, SchedulerFixture, at, note};

fn fixture() -> (SchedulerFixture, ManualExecutor) {
    let held = ManualExecutor::default();
    let fixture = SchedulerFixture::new(|builder| {
        builder
            .job_store("default", MemoryJobStore::new())
            .executor("default", held.clone())
            .max_concurrent_runs(5)
    });
    (fixture, held)
}

#[test]
fn a_fire_time_is_skipped_when_max_instances_is_reached() {
    for recovery in [Recovery::Skip, Recovery::Rerun] {
        let (fixture, held) = fixture();
        let job = fixture.job(note("job".into())).id("job").recovery(recovery).max_instances(2);
        fixture
            .block_on(job.trigger(IntervalTrigger::seconds(10).start_date(at(10))).add())
            .unwrap();
        for second in [10, 20, 30, 40] {
            fixture.jump_to(second);
        }
        assert_eq!((held.len(), fixture.active_run_count()), (2, 2));
        let events = fixture.events.all();
        let dropped: Vec<_> = events
            .iter()
            .filter_map(|event| match event {
                Event::JobMaxInstances(skipped) => Some((skipped.first, skipped.reason)),
                _ => None,
            })
            .collect();
        let reason = SkipReason::MaxInstances;
        assert_eq!(dropped, [(at(30), reason), (at(40), reason)]);
        held.run_one();
        fixture.jump_to(50);
        assert_eq!(held.len(), 2);
        held.run_one();
        held.run_one();
        fixture.jump_to(51);
        assert_eq!(fixture.log.lines(), ["job@10", "job@20", "job@50"]);
    }
}

#[test]
fn due_jobs_beyond_max_running_stay_in_the_store() {
    let (fixture, held) = fixture();
    let jobs = (0..12).map(|number| {
        let job = NewJob::builder(note("job".into())).id(format!("{number}"));
        job.trigger(DateTrigger::at(at(10))).build()
    });
    fixture.block_on(fixture.add_jobs(jobs)).unwrap();
    fixture.jump_to(10);
    assert_eq!(held.len(), 5);
    assert_eq!(fixture.block_on(fixture.get_jobs(JobQuery::new())).unwrap().len(), 7);
    held.run_one();
    held.run_one();
    fixture.pass();
    assert_eq!(held.len(), 5, "a completion frees capacity");
    while held.len() > 0 {
        held.run_one();
        fixture.pass();
    }
    assert_eq!(fixture.log.len(), 12);
    assert!(fixture.block_on(fixture.get_jobs(JobQuery::new())).unwrap().is_empty());
}

#[test]
fn a_job_is_removed_after_its_last_run() {
    let fixture = SchedulerFixture::in_memory();
    let job = fixture.job(note("job".into())).id("job");
    let trigger = IntervalTrigger::seconds(10).start_date(at(10)).max_runs(3);
    fixture.block_on(job.trigger(trigger).add()).unwrap();
    fixture.run_until(100);
    assert_eq!(fixture.log.lines(), ["job@10", "job@20", "job@30"]);
    assert_eq!(fixture.events.event_lines().last().unwrap(), "JOB_REMOVED job");
    assert_eq!(fixture.events.with_prefix("JOB_REMOVED").len(), 1);
}
