//! Adding a job whose id exists.

use std::time::Duration;

use punctual_core::{Event, JobStore, Recovery, SkipReason};
use punctual_scheduler::JobQuery;
use punctual_store_memory::MemoryJobStore;
use punctual_triggers::{CronTrigger, DateTrigger, IntervalTrigger};

use crate::common::{SchedulerFixture, TempStore, at, note};

fn fixture(store: impl JobStore) -> SchedulerFixture {
    SchedulerFixture::new(|builder| builder.job_store("default", store))
}

fn both(check: impl Fn(&SchedulerFixture)) {
    let file = TempStore::new();
    check(&fixture(MemoryJobStore::new()));
    check(&fixture(file.store()));
}

#[test]
fn an_unchanged_job_keeps_its_next_run_time() {
    both(|fixture| {
        let add = || {
            let job = fixture.job(note("job".into())).id("job").recovery(Recovery::Rerun);
            // The start date is taken from the clock.
            let job = job.trigger(IntervalTrigger::seconds(100)).replace_existing(true);
            fixture.block_on(job.add()).unwrap()
        };
        assert_eq!(add().next_run_time, Some(at(100)));
        fixture.run_until(90);
        let again = add();
        assert_eq!((again.next_run_time, again.revision), (Some(at(100)), add().revision));
        assert_eq!(fixture.events.with_prefix("JOB_ADDED").len(), 1);
        fixture.run_until(110);
        assert_eq!(add().next_run_time, Some(at(200)));
        assert_eq!(fixture.log.lines(), ["job@100"]);
    });
}

#[test]
fn an_unchanged_paused_job_stays_paused() {
    both(|fixture| {
        let add = || {
            let job = fixture.job(note("job".into())).id("job").replace_existing(true);
            fixture.block_on(job.trigger(CronTrigger::builder().second(0)).add()).unwrap()
        };
        add();
        fixture.block_on(fixture.pause_job("job")).unwrap();
        assert_eq!(add().next_run_time, None);
    });
}

#[test]
fn a_job_that_is_added_as_resumed_does_not_stay_paused() {
    both(|fixture| {
        let job = |what: &str| {
            let job = fixture.job(note(what.into())).id("job").replace_existing(true);
            job.trigger(CronTrigger::builder().second(0)).resumed()
        };
        let added = fixture.block_on(job("job").add()).unwrap();
        assert_eq!(added.next_run_time, Some(at(40)), "a new job is not paused either");
        for what in ["job", "changed"] {
            fixture.block_on(fixture.pause_job("job")).unwrap();
            let again = fixture.block_on(job(what).add()).unwrap();
            assert_eq!(again.next_run_time, Some(at(40)));
        }
        fixture.run_until(40);
        assert_eq!(fixture.log.lines(), ["changed@40"]);
    });
}

#[test]
fn a_job_that_is_added_as_paused_and_then_as_resumed_keeps_its_count_and_its_grid() {
    both(|fixture| {
        let job = || {
            let job = fixture.job(note("job".into())).id("job").replace_existing(true);
            job.trigger(IntervalTrigger::seconds(10).max_runs(3))
        };
        fixture.block_on(job().add()).unwrap();
        fixture.run_until(25);
        assert_eq!(fixture.log.lines(), ["job@10", "job@20"]);
        for _ in 0..2 {
            let paused = fixture.block_on(job().paused().add()).unwrap();
            assert_eq!((paused.next_run_time, paused.fire_count), (None, 2));
        }
        fixture.run_until(37);
        let resumed = fixture.block_on(job().resumed().add()).unwrap();
        assert_eq!((resumed.next_run_time, resumed.fire_count), (Some(at(40)), 2));
        fixture.run_until(100);
        assert_eq!(fixture.log.lines(), ["job@10", "job@20", "job@40"]);
    });
}

#[test]
fn due_fire_times_that_a_change_of_the_schedule_drops_are_reported() {
    type Change = fn(&SchedulerFixture);
    let replace: Change = |fixture| {
        let job = fixture.job(note("job".into())).id("job").replace_existing(true);
        fixture.block_on(job.trigger(IntervalTrigger::seconds(1_000)).add()).unwrap();
    };
    let reschedule: Change = |fixture| {
        let changed = fixture.reschedule_job("job", IntervalTrigger::seconds(1_000));
        fixture.block_on(changed).unwrap();
    };
    let pause: Change = |fixture| drop(fixture.block_on(fixture.pause_job("job")).unwrap());
    let pause_all: Change = |fixture| {
        drop(fixture.block_on(fixture.pause_jobs(JobQuery::new())).unwrap());
    };
    for change in [replace, reschedule, pause, pause_all] {
        both(|fixture| {
            let job = fixture.job(note("job".into())).id("job");
            let trigger = IntervalTrigger::seconds(10).start_date(at(10));
            fixture.block_on(job.trigger(trigger).add()).unwrap();
            // Nothing has run for a while.
            fixture.clock().set(at(35));
            change(fixture);
            fixture.jump_to(36);
            let missed = fixture.events.all().into_iter().find_map(|event| match event {
                Event::JobMissed(skipped) => Some((skipped.first, skipped.last, skipped.reason)),
                _ => None,
            });
            assert_eq!(missed, Some((at(10), at(30), SkipReason::ScheduleChanged)));
            assert!(fixture.log.lines().is_empty());
        });
    }
}

#[test]
fn a_changed_job_is_replaced() {
    both(|fixture| {
        let add = |what: &str, seconds: u64| {
            let job = fixture.job(note(what.into())).id("job").replace_existing(true);
            fixture.block_on(job.trigger(IntervalTrigger::seconds(seconds)).add()).unwrap()
        };
        add("a", 100);
        fixture.run_until(50);
        assert_eq!(add("a", 20).next_run_time, Some(at(70)), "another trigger");
        fixture.run_until(60);
        assert_eq!(add("b", 20).next_run_time, Some(at(70)), "other arguments");
        fixture.run_until(90);
        assert_eq!(fixture.log.lines(), ["b@70", "b@90"]);
        assert_eq!(fixture.events.with_prefix("JOB_ADDED").len(), 3);
        assert_eq!(fixture.block_on(fixture.get_jobs(JobQuery::new())).unwrap().len(), 1);
    });
}

#[test]
fn a_due_fire_time_runs_with_the_arguments_of_the_replacement() {
    let file = TempStore::new();
    let process = |what: &str, second| {
        let fixture = SchedulerFixture::new(|builder| builder.job_store("default", file.store()));
        fixture.clock().set(at(second));
        let job = fixture.job(note(what.into())).id("job").replace_existing(true);
        fixture.block_on(job.trigger(IntervalTrigger::seconds(100)).add()).unwrap();
        fixture.run_until(second + 1);
        fixture.block_on(fixture.shutdown()).unwrap();
        fixture.log.lines()
    };
    assert_eq!(process("a", 0), [""; 0]);
    assert_eq!(process("b", 130), ["b@100"], "nobody was running at 100");
    assert_eq!(process("c", 150), [""; 0]);
    assert_eq!(process("d", 200), ["d@200"]);
}

#[test]
fn a_changed_job_that_is_due_after_a_delay_is_delayed_again() {
    both(|fixture| {
        let add = |what: &str| {
            let job = fixture.job(note(what.into())).id("job").replace_existing(true);
            let trigger = DateTrigger::after(Duration::from_secs(10));
            fixture.block_on(job.trigger(trigger).add()).unwrap().next_run_time
        };
        assert_eq!(add("a"), Some(at(10)));
        fixture.run_until(4);
        assert_eq!(add("a"), Some(at(10)), "unchanged");
        assert_eq!(add("b"), Some(at(14)));
        fixture.run_until(20);
        assert_eq!(fixture.log.lines(), ["b@14"]);
    });
}

#[test]
fn an_explicit_first_run_time_is_a_change() {
    both(|fixture| {
        let add = || {
            fixture
                .job(note("job".into()))
                .id("job")
                .replace_existing(true)
                .trigger(IntervalTrigger::seconds(100))
        };
        fixture.block_on(add().add()).unwrap();
        let job = fixture.block_on(add().next_run_time(at(5)).add()).unwrap();
        assert_eq!(job.next_run_time, Some(at(5)));
        let job = fixture.block_on(add().paused().add()).unwrap();
        assert_eq!(job.next_run_time, None);
    });
}

#[test]
fn replacing_a_pending_job_keeps_the_last_definition() {
    let fixture = SchedulerFixture::in_memory();
    fixture.block_on(fixture.shutdown()).unwrap();
    let add = |what: &str, replace| {
        let job = fixture.job(note(what.into())).id("job").replace_existing(replace);
        fixture.block_on(job.trigger(DateTrigger::at(at(10))).add())
    };
    add("a", false).unwrap();
    add("b", false).unwrap_err();
    add("c", true).unwrap();
    fixture.block_on(fixture.start_manual()).unwrap();
    fixture.run_until(10);
    assert_eq!(fixture.log.lines(), ["c@10"]);
}

#[test]
fn a_closure_is_always_a_change() {
    let fixture = SchedulerFixture::in_memory();
    for round in 0..3 {
        let log = fixture.log.clone();
        let job = fixture.job(move || log.push(round.to_string())).id("job");
        let job = job.trigger(DateTrigger::at(at(10))).replace_existing(true);
        fixture.block_on(job.add()).unwrap();
    }
    fixture.run_until(10);
    assert_eq!(fixture.log.lines(), ["2"]);
}
