//! `add_job` and `scheduled_job`.

use std::time::Duration;

use punctual_core::{Coalesce, JobOptions, Tasks};
use punctual_macros::task;
use punctual_scheduler::{AsyncScheduler, JobBuilder, JobQuery, JobState, SchedulerError};
use punctual_store_memory::MemoryJobStore;
use punctual_triggers::{DateTrigger, IntervalTrigger};

use super::{every_ten_seconds, listed, only_job, stopped, two_stores};
use crate::common::{SchedulerFixture, at, note};

#[test]
fn add_job_without_a_trigger_runs_now() {
    let fixture = SchedulerFixture::in_memory();
    fixture.block_on(fixture.job(note("a".into())).add()).unwrap();
    fixture.run_until(1);
    assert_eq!(fixture.log.lines(), ["a@0"]);
}

#[test]
fn add_job_accepts_a_trigger_as_text() {
    let fixture = SchedulerFixture::in_memory();
    fixture.block_on(fixture.job(note("a".into())).trigger("*/5 * * * *").add()).unwrap();
    assert_eq!(only_job(&fixture).definition.unwrap().trigger.kind(), "cron");
    assert_eq!(only_job(&fixture).next_run_time, Some(at(100)), "22:15:00");
}

#[test]
fn add_job_validates_immediately() {
    let scheduler = stopped();
    let add = |job: JobBuilder<AsyncScheduler>| pollster::block_on(job.add()).unwrap_err();
    let job = || scheduler.job(note("a".into()));
    assert!(matches!(add(job().job_store("none")), SchedulerError::UnknownJobStore { .. }));
    // APScheduler looks the executor up when the job is due.
    assert!(matches!(add(job().executor("none")), SchedulerError::UnknownExecutor { .. }));
    assert!(matches!(add(job().max_instances(0)), SchedulerError::Job(_)));
    assert!(matches!(add(job().id("")), SchedulerError::Job(_)));
    assert!(matches!(add(job().trigger("nonsense")), SchedulerError::Job(_)));
}

#[test]
fn add_job_of_a_stopped_scheduler_is_pending() {
    let scheduler = stopped();
    let mut events = scheduler.events(punctual_core::EventMask::ALL);
    let job = || scheduler.job(note("a".into())).id("a").trigger(every_ten_seconds());
    let added = pollster::block_on(job().add()).unwrap();
    assert_eq!((added.state, added.next_run_time), (JobState::Pending, None));
    assert!(events.try_next().is_none(), "no event");
    // APScheduler accepts the same id twice, and fails at the start.
    let error = pollster::block_on(job().add()).unwrap_err();
    assert!(matches!(error, SchedulerError::JobExists { .. }), "{error}");
    pollster::block_on(scheduler.remove_all_jobs()).unwrap();
}

#[test]
fn add_job_fills_in_the_job_defaults() {
    let defaults = JobOptions::new().coalesce(Coalesce::All).max_instances(7);
    let fixture = SchedulerFixture::new(|builder| {
        builder.job_store("default", MemoryJobStore::new()).job_defaults(defaults)
    });
    let job = fixture.job(note("a".into())).misfire_grace_time(Duration::from_secs(3));
    fixture.block_on(job.trigger(every_ten_seconds()).add()).unwrap();
    let options = only_job(&fixture).definition.unwrap().options.clone();
    assert_eq!((options.coalesce, options.max_instances), (Coalesce::All, 7));
    assert_eq!(options.misfire_grace_time, Some(Duration::from_secs(3)));
}

#[test]
fn add_job_computes_the_next_run_time_and_emits_job_added() {
    let fixture = SchedulerFixture::in_memory();
    let job = fixture.job(note("a".into())).id("a").trigger(every_ten_seconds());
    let added = fixture.block_on(job.add()).unwrap();
    assert_eq!((added.next_run_time, added.state), (Some(at(10)), JobState::Scheduled));
    fixture.pass();
    assert_eq!(fixture.events.with_prefix("JOB_ADDED"), ["JOB_ADDED a"]);
}

#[test]
fn add_job_rejects_a_trigger_without_a_fire_time() {
    // APScheduler stores such a job as paused.
    let fixture = SchedulerFixture::in_memory();
    let past = IntervalTrigger::seconds(10).start_date(at(-100)).end_date(at(-10));
    let error = fixture.block_on(fixture.job(note("a".into())).trigger(past).add()).unwrap_err();
    assert!(matches!(error, SchedulerError::NeverFires { .. }), "{error}");
    assert_eq!(listed(&fixture, JobQuery::new()).len(), 0);
}

#[test]
fn add_job_with_an_id_that_exists_is_an_error_or_replaces() {
    let fixture = SchedulerFixture::in_memory();
    let job = |seconds: i64| {
        let trigger = IntervalTrigger::seconds(10).start_date(at(seconds));
        fixture.job(note("a".into())).id("a").trigger(trigger)
    };
    fixture.block_on(job(10).add()).unwrap();
    let error = fixture.block_on(job(10).add()).unwrap_err();
    assert!(matches!(error, SchedulerError::JobExists { .. }), "{error}");
    fixture.block_on(job(15).replace_existing(true).add()).unwrap();
    assert_eq!(only_job(&fixture).next_run_time, Some(at(15)));
    fixture.pass();
    assert_eq!(fixture.events.with_prefix("JOB_ADDED").len(), 2, "also for a replacement");
}

#[test]
fn add_job_that_replaces_an_unchanged_job_does_not_postpone_it() {
    // APScheduler recomputes the next run time at each restart of the program.
    let fixture = SchedulerFixture::in_memory();
    let job = || {
        let job = fixture.job(note("a".into())).id("a").replace_existing(true);
        job.trigger(IntervalTrigger::seconds(10))
    };
    fixture.block_on(job().add()).unwrap();
    fixture.run_until(7);
    fixture.block_on(job().add()).unwrap();
    assert_eq!(only_job(&fixture).next_run_time, Some(at(10)));
}

#[test]
fn add_job_with_a_next_run_time_overrides_the_first_fire_time_only() {
    let fixture = SchedulerFixture::in_memory();
    let job = fixture.job(note("a".into())).next_run_time(at(3)).trigger(every_ten_seconds());
    fixture.block_on(job.add()).unwrap();
    fixture.run_until(21);
    assert_eq!(fixture.log.lines(), ["a@3", "a@10", "a@20"]);
}

#[test]
fn add_job_with_a_past_next_run_time_is_due_at_once_and_may_misfire() {
    let fixture = SchedulerFixture::in_memory();
    let job = |what: &str| {
        let job = fixture.job(note(what.into())).next_run_time(at(-60)).id(what);
        job.trigger(DateTrigger::at(at(-60)))
    };
    fixture.block_on(job("late").add()).unwrap();
    let strict = job("strict").misfire_grace_time(Duration::from_secs(1));
    fixture.block_on(strict.add()).unwrap();
    fixture.run_until(1);
    assert_eq!(fixture.log.lines(), ["late@-60"]);
    assert_eq!(fixture.events.with_prefix("JOB_MISSED"), ["JOB_MISSED strict"]);
}

#[test]
fn add_job_paused() {
    let fixture = SchedulerFixture::in_memory();
    let job = fixture.job(note("a".into())).trigger(every_ten_seconds()).paused();
    fixture.block_on(job.add()).unwrap();
    fixture.run_until(60);
    assert_eq!((only_job(&fixture).state, fixture.log.len()), (JobState::Paused, 0));
}

#[test]
fn add_job_accepts_the_same_id_in_two_stores() {
    let fixture = two_stores();
    for store in ["default", "second"] {
        let job = fixture.job(note(store.into())).id("a").job_store(store);
        fixture.block_on(job.trigger(every_ten_seconds()).add()).unwrap();
    }
    fixture.run_until(15);
    let mut lines = fixture.log.lines();
    lines.sort();
    assert_eq!(lines, ["default@10", "second@10"]);
}

#[task(every = "10s", id = "declared")]
fn declared() {}

#[test]
fn scheduled_job_replaces_at_the_next_start() {
    let fixture = SchedulerFixture::in_memory();
    for _ in 0..2 {
        let ids = fixture.block_on(fixture.add_tasks(Tasks::new().task(declared))).unwrap();
        assert_eq!(ids[0], "declared");
    }
    assert_eq!(listed(&fixture, JobQuery::new()), ["declared"]);
}
