//! Invalid values are rejected immediately, with field and value.

use std::time::Duration;

use punctual_core::{JobOptions, error_chain};
use punctual_macros::task;
use punctual_scheduler::{BackgroundScheduler, JobQuery, SchedulerBuilder, SchedulerError};
use punctual_store_memory::MemoryJobStore;
use punctual_triggers::{CronTrigger, IntervalTrigger};

use crate::common::{SchedulerFixture, at, note};

fn error_of(fixture: &SchedulerFixture, describe: impl FnOnce(Builder) -> Builder) -> String {
    let job = describe(fixture.job(note("x".into())).id("job"));
    error_chain(&fixture.block_on(job.add()).unwrap_err()).to_string()
}

type Builder = punctual_scheduler::JobBuilder<punctual_scheduler::AsyncScheduler>;

#[test]
fn invalid_jobs_are_rejected() {
    let fixture = SchedulerFixture::in_memory();
    let cases = [
        (
            error_of(&fixture, |job| job.max_instances(0)),
            "max_instances is 0: it must be at least 1",
        ),
        (
            error_of(&fixture, |job| job.misfire_grace_time(Duration::ZERO)),
            "misfire_grace_time is 0ns: it must be at least 1us; use None for no limit",
        ),
        (
            error_of(&fixture, |job| job.misfire_grace_time(Duration::from_nanos(999))),
            "misfire_grace_time is 999ns: it must be at least 1us; use None for no limit",
        ),
        (
            error_of(&fixture, |job| job.job_store("nowhere")),
            r#"this scheduler has no job store with the alias "nowhere", which job "job" uses; known aliases: default"#,
        ),
    ];
    for (message, expected) in cases {
        assert_eq!(message, expected);
    }
    assert!(error_of(&fixture, |job| job.id("")).contains("job id"));
    assert!(error_of(&fixture, |job| job.executor("")).contains("alias"));
    assert!(error_of(&fixture, |job| job.job_store("")).contains("alias"));
    let message = error_of(&fixture, |job| job.trigger(CronTrigger::builder().hour("25")));
    assert!(message.contains("hour") && message.contains("25"), "{message}");
    assert!(fixture.block_on(fixture.get_jobs(JobQuery::new())).unwrap().is_empty());
}

#[test]
fn a_job_without_fire_times_is_rejected() {
    let fixture = SchedulerFixture::in_memory();
    fixture.clock().set(at(100));
    let message = error_of(&fixture, |job| {
        job.trigger(IntervalTrigger::seconds(10).start_date(at(0)).end_date(at(50)))
    });
    assert!(
        message.starts_with(r#"job "job" would never run: its trigger interval[0:00:10]"#),
        "{message}"
    );
    assert!(fixture.block_on(fixture.get_job("job")).unwrap().is_none());
}

type Described = SchedulerBuilder<BackgroundScheduler>;

fn build_error(describe: impl FnOnce(Described) -> Described) -> String {
    let builder = BackgroundScheduler::builder().job_store("default", MemoryJobStore::new());
    error_chain(&describe(builder).build().unwrap_err()).to_string()
}

#[test]
fn invalid_schedulers_are_rejected() {
    let second = Duration::from_secs(1);
    let nothing = JobOptions::new().max_instances(0);
    let cases = [
        (
            build_error(|builder| builder.job_defaults(nothing)),
            "max_instances is 0: it must be at least 1",
        ),
        (
            build_error(|builder| builder.max_concurrent_runs(0)),
            "max_concurrent_runs is 0: it must be at least 1",
        ),
        (
            build_error(|builder| builder.max_retry_delay(Duration::ZERO)),
            "max_retry_delay is 0ns: it must be from 1 millisecond to 1 day",
        ),
        (
            build_error(|builder| builder.poll_interval(second * 86_401)),
            "poll_interval is 86401s: it must be from 1 millisecond to 1 day",
        ),
        (
            build_error(|builder| builder.job_store("default", MemoryJobStore::new())),
            r#"this scheduler already has a job store with the alias "default""#,
        ),
    ];
    for (message, expected) in cases {
        assert_eq!(message, expected);
    }
    assert!(build_error(|builder| builder.lease(second * 12)).starts_with("lease is 12s"));
    assert!(build_error(|builder| builder.timezone("Mars/Olympus")).contains("Mars/Olympus"));
    assert!(build_error(|builder| builder.node_id("")).contains("node"));
}

mod other {
    use super::task;

    #[task(name = "note")]
    pub(super) fn not_the_same(_: u8) {}
}

#[test]
fn two_tasks_with_one_name_are_rejected() {
    let message = build_error(|builder| builder.task(note).task(note).task(other::not_the_same));
    assert!(message.starts_with("the task name note is already registered for"), "{message}");
    let fixture = SchedulerFixture::new(|builder| {
        builder.job_store("default", MemoryJobStore::new()).task(note)
    });
    let error = fixture.block_on(fixture.job(other::not_the_same(1)).add()).unwrap_err();
    assert!(matches!(error, SchedulerError::Task(_)), "{error}");
}
