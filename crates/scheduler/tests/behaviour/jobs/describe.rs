//! Short forms of triggers and first run times, and jobs as data.

use std::time::{Duration, SystemTime};

use punctual_core::error_chain;
use punctual_macros::task;
use punctual_scheduler::{JobQuery, JobState};
use punctual_triggers::{CronTrigger, DateTrigger, IntervalTrigger, OrTrigger};
use serde_json::json;

use crate::common::{SchedulerFixture, TempStore, at, note};

#[task]
fn send_mail(to: String, copies: u32) {
    let _ = (to, copies);
}

#[test]
fn crontab_text_is_a_trigger() {
    let fixture = SchedulerFixture::in_memory();
    let add = |text: &'static str| fixture.block_on(fixture.job(|| ()).trigger(text).add());
    let job = add("*/5 * * * *").unwrap();
    assert_eq!(job.trigger.as_ref().unwrap().to_string(), "crontab[*/5 * * * *]");
    assert_eq!(job.next_run_time.unwrap().to_string(), "2023-11-14T22:15:00Z");
    let owned = fixture.job(|| ()).trigger("@daily".to_owned());
    let owned = fixture.block_on(owned.add()).unwrap();
    assert_eq!(owned.next_run_time.unwrap().to_string(), "2023-11-15T00:00:00Z");
    let either = OrTrigger::of("0 6 * * *").or(CronTrigger::builder().hour(5));
    let either = fixture.block_on(fixture.job(|| ()).trigger(either).add()).unwrap();
    assert_eq!(either.next_run_time.unwrap().to_string(), "2023-11-15T05:00:00Z");
    let error = error_chain(&add("0 6 * *").unwrap_err()).to_string();
    assert!(error.contains("4 fields; expected 5"), "{error}");
    let error = error_chain(&add("H 6 * * 1").unwrap_err()).to_string();
    assert!(error.contains("is not supported: choose a value"), "{error}");
}

#[test]
fn a_date_can_be_a_delay_or_a_system_time() {
    let fixture = SchedulerFixture::in_memory();
    let after = |seconds| DateTrigger::after(Duration::from_secs(seconds));
    let add = |id: &str, trigger| {
        let job = fixture.job(note("a".into())).id(id).trigger(trigger).replace_existing(true);
        fixture.block_on(job.add()).unwrap().next_run_time
    };
    assert_eq!(add("a", after(60)), Some(at(60)));
    fixture.clock().set(at(30));
    assert_eq!(add("a", after(60)), Some(at(60)), "the job is unchanged");
    assert_eq!(add("a", after(90)), Some(at(120)), "the delay has changed");
    let instant = SystemTime::UNIX_EPOCH + Duration::from_secs(2_000_000_000);
    let date = DateTrigger::at(instant);
    assert_eq!(add("b", date).unwrap().to_string(), "2033-05-18T03:33:20Z");
}

#[test]
fn a_job_can_run_immediately_and_then_by_its_trigger() {
    let file = TempStore::new();
    let fixture = SchedulerFixture::new(|builder| builder.job_store("default", file.store()));
    let add = |fixture: &SchedulerFixture| {
        let hourly = fixture.job(note("a".into())).id("a").trigger(IntervalTrigger::hours(1));
        fixture.block_on(hourly.run_immediately().replace_existing(true).add()).unwrap()
    };
    add(&fixture);
    fixture.run_until(100);
    assert_eq!(fixture.log.lines(), ["a@0"]);
    assert_eq!(add(&fixture).next_run_time, Some(at(3_600)), "an unchanged job is not run again");
    fixture.run_until(3_600);
    assert_eq!(fixture.log.lines(), ["a@0", "a@3600"]);
    // A pending job runs at the start.
    fixture.block_on(fixture.shutdown()).unwrap();
    let pending =
        fixture.job(note("b".into())).trigger(IntervalTrigger::hours(1)).run_immediately();
    fixture.block_on(pending.add()).unwrap();
    fixture.clock().set(at(4_000));
    fixture.block_on(fixture.start_manual()).unwrap();
    fixture.run_until(4_000);
    assert_eq!(fixture.log.lines()[2..], ["b@4000"]);
}

#[test]
fn a_job_is_data_with_its_arguments() {
    let fixture = SchedulerFixture::in_memory();
    let mail = fixture.job(send_mail("ann@example.org".into(), 2)).id("mail").name("Mail");
    let job = fixture.block_on(mail.trigger("0 6 * * *").max_instances(3).add()).unwrap();
    assert_eq!(job.args(), Some(json!(["ann@example.org", 2])));
    assert!(!format!("{job} {job:?}").contains("ann@"), "arguments can be confidential");
    let listed = fixture.block_on(fixture.get_jobs(JobQuery::new())).unwrap();
    assert_eq!(
        serde_json::to_value(&listed[0]).unwrap(),
        json!({
            "id": "mail",
            "job_store": "default",
            "name": "Mail",
            "state": "scheduled",
            "task": "send_mail",
            "tags": [],
            "args": ["ann@example.org", 2],
            "trigger": "crontab[0 6 * * *]",
            "next_run_time": "2023-11-15T06:00:00Z",
            "due_at": "2023-11-15T06:00:00Z",
            "executor": "default",
            "options": {
                "misfire_grace_time": null,
                "coalesce": "latest",
                "max_instances": 3,
                "recovery": "skip",
                "overlap": null,
                "max_catch_up_runs": null,
                "max_catch_up_age": null,
                "timeout": null,
                "retry": null,
            },
            "fire_count": 0,
            "in_flight": 0,
            "problem": null,
            "retry_of": null,
        })
    );
    assert_eq!(serde_json::to_value(JobState::Paused).unwrap(), json!("paused"));
}
