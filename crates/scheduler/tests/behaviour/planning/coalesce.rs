//! Several fire times that are due together.

use punctual_core::{Coalesce, Event, JobStore, Recovery, SkipReason};
use punctual_store_memory::MemoryJobStore;
use punctual_triggers::IntervalTrigger;

use crate::common::{ManualExecutor, SchedulerFixture, TempStore, at, note};

/// Creates a job at seconds 10, 20 .. 90, which the scheduler first claims at second 35.
fn late(
    store: impl JobStore,
    coalesce: Coalesce,
    max_instances: u32,
) -> (SchedulerFixture, ManualExecutor) {
    let held = ManualExecutor::default();
    let fixture = SchedulerFixture::new(|builder| {
        builder.job_store("default", store).executor("default", held.clone())
    });
    let job = fixture.job(note("job".into())).id("job").coalesce(coalesce);
    let trigger = IntervalTrigger::seconds(10).start_date(at(10)).end_date(at(90));
    fixture.block_on(job.max_instances(max_instances).trigger(trigger).add()).unwrap();
    fixture.jump_to(35);
    (fixture, held)
}

fn skipped(fixture: &SchedulerFixture) -> Vec<(i64, i64)> {
    let second = |instant: punctual_core::Timestamp| {
        i64::try_from(instant.saturating_since(at(0)).as_secs()).unwrap()
    };
    let events = fixture.events.all();
    let passed = events.iter().filter_map(|event| match event {
        Event::JobCoalesced(skipped) => {
            assert_eq!(skipped.reason, SkipReason::Coalesced);
            Some((second(skipped.first), second(skipped.last)))
        }
        _ => None,
    });
    passed.collect()
}

#[test]
fn the_latest_or_the_earliest_fire_time_runs() {
    for (coalesce, expected) in [(Coalesce::Latest, "job@30"), (Coalesce::Earliest, "job@10")] {
        let (fixture, held) = late(MemoryJobStore::new(), coalesce, 1);
        assert_eq!(held.len(), 1);
        held.run_one();
        fixture.jump_to(36);
        assert_eq!(fixture.log.lines(), [expected]);
        assert_eq!(skipped(&fixture), [(10, 30)]);
        let job = fixture.block_on(fixture.get_job("job")).unwrap().unwrap();
        assert_eq!((job.next_run_time, job.fire_count), (Some(at(40)), 1));
    }
}

#[test]
fn all_fire_times_run_up_to_the_limit() {
    let (fixture, held) = late(MemoryJobStore::new(), Coalesce::All, 2);
    assert_eq!(held.len(), 2);
    let job = fixture.block_on(fixture.get_job("job")).unwrap().unwrap();
    assert_eq!(job.next_run_time, Some(at(30)), "the remaining fire times are deferred");
    held.run_one();
    fixture.pass();
    assert_eq!(held.len(), 2, "a completion triggers a pass immediately");
    held.run_one();
    held.run_one();
    fixture.jump_to(36);
    assert_eq!(fixture.log.lines(), ["job@10", "job@20", "job@30"]);
    assert_eq!(skipped(&fixture), []);
    assert_eq!(fixture.events.with_prefix("JOB_MAX_INSTANCES"), [""; 0]);
    let job = fixture.block_on(fixture.get_job("job")).unwrap().unwrap();
    assert_eq!((job.next_run_time, job.fire_count), (Some(at(40)), 3));
}

#[test]
fn recorded_runs_catch_up_one_by_one() {
    let file = TempStore::new();
    let (fixture, held) = late(file.store(), Coalesce::All, 1);
    let change = punctual_scheduler::JobChange::new().recovery(Recovery::Rerun);
    fixture.block_on(fixture.modify_job("job", change)).unwrap();
    for count in 1..=3 {
        assert_eq!(held.len(), 1, "run {count}");
        held.run_one();
        fixture.pass();
    }
    assert_eq!(held.len(), 0);
    assert_eq!(fixture.log.lines(), ["job@10", "job@20", "job@30"]);
}

#[test]
fn a_thousand_overdue_fire_times_all_run() {
    let fixture = SchedulerFixture::in_memory();
    let job = fixture.job(note("job".into())).id("job").coalesce(Coalesce::All);
    let trigger = IntervalTrigger::seconds(1).start_date(at(1));
    fixture.block_on(job.max_instances(100).trigger(trigger).add()).unwrap();
    fixture.clock().set(at(1_000));
    fixture.run_until(1_000);
    assert_eq!(fixture.log.len(), 1_000);
    assert_eq!(fixture.log.lines()[999], "job@1000");
}
