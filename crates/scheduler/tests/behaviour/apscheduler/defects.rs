//! The defects of APScheduler that ADR 0009 lists, by their numbers. Number 24, misspelled configuration, is a test of the
//! crate `punctual-config`.

use std::sync::atomic::Ordering;
use std::time::Duration;

use punctual_core::{Coalesce, Event, IntoTrigger, JobContext, Timestamp, Trigger, error_chain};
use punctual_executor_threads::ThreadPoolExecutor;
use punctual_scheduler::{
    AsyncScheduler, JobContextExt, JobQuery, JobState, OnConflict, SchedulerError,
};
use punctual_store_memory::MemoryJobStore;
use punctual_triggers::{
    AndTrigger, CalendarIntervalTrigger, CronTrigger, DateTrigger, Gap, IntervalTrigger, OrTrigger,
    trigger_defaults,
};

use super::{every_ten_seconds, listed, only_job, stopped};
use crate::common::{
    Call, FailingExecutor, Fault, ManualExecutor, SchedulerFixture, TempStore, at, brief, faulty,
    note,
};

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// The first `count` fire times from this time on, in the trigger's zone.
fn fires(trigger: impl IntoTrigger, from: &str, count: usize) -> Vec<String> {
    let defaults = trigger_defaults(punctual_core::Zone::utc(), time(from));
    let trigger = trigger.into_trigger(&defaults).unwrap();
    let zone = trigger.zone().cloned().unwrap_or_else(punctual_core::Zone::utc);
    let mut found = Vec::new();
    let mut previous = None;
    while found.len() < count {
        let Some(next) = trigger.next_fire_time(previous, time(from)) else { break };
        found.push(next.in_zone(&zone).format("%m-%d %H:%M:%S").to_string());
        previous = Some(next);
    }
    found
}

#[test]
fn defect_1_cron_at_midnight_does_not_skip_the_day_after_dst_starts() {
    let midnight = CronTrigger::builder().hour(0).timezone("Europe/Helsinki");
    let expected = ["03-28 00:00:00", "03-29 00:00:00", "03-30 00:00:00", "03-31 00:00:00"];
    assert_eq!(fires(midnight, "2026-03-27T12:00:00Z", 4), expected);
}

#[test]
fn defect_2_cron_times_in_a_gap_follow_a_policy() {
    let nightly = || CronTrigger::builder().hour(3).minute(30).timezone("Europe/Helsinki");
    let skipped = nightly().gap(Gap::Skip);
    assert_eq!(fires(skipped, "2026-03-28T12:00:00Z", 1), ["03-30 03:30:00"]);
    let shifted = nightly().gap(Gap::Shift);
    assert_eq!(fires(shifted, "2026-03-28T12:00:00Z", 1), ["03-29 04:30:00"]);
    let next = nightly().gap(Gap::NextValid);
    assert_eq!(fires(next, "2026-03-28T12:00:00Z", 1), ["03-29 04:00:00"]);
}

#[test]
fn defect_3_and_triggers_end() {
    let never =
        AndTrigger::of(CronTrigger::builder().month(2)).and(CronTrigger::builder().month(3));
    assert_eq!(fires(never, "2026-01-01T00:00:00Z", 1), [""; 0]);
}

#[test]
fn defect_4_and_and_or_are_types() {
    let days = AndTrigger::of(CronTrigger::builder().day(13))
        .and(CronTrigger::builder().day_of_week("fri"));
    assert_eq!(fires(days, "2026-01-01T00:00:00Z", 1), ["02-13 00:00:00"]);
    let hours = OrTrigger::of(CronTrigger::builder().hour(1)).or(CronTrigger::builder().hour(2));
    assert_eq!(fires(hours, "2026-01-01T00:00:00Z", 2), ["01-01 01:00:00", "01-01 02:00:00"]);
}

#[test]
fn defect_5_calendar_intervals_respect_the_current_time() {
    let weekly = CalendarIntervalTrigger::weeks(1).start_date("2020-01-01").timezone("UTC");
    assert_eq!(fires(weekly, "2026-01-01T00:00:00Z", 1), ["01-07 00:00:00"]);
}

#[test]
fn defect_6_jitter_does_not_move_the_grid_of_an_interval() {
    let fixture = SchedulerFixture::in_memory();
    let trigger = every_ten_seconds().jitter(Duration::from_secs(4));
    fixture.block_on(fixture.job(note("a".into())).trigger(trigger).add()).unwrap();
    fixture.run_until(58);
    let expected: Vec<_> = (1..=5).map(|n| format!("a@{n}0")).collect();
    assert_eq!(fixture.log.lines()[..5], expected);
}

#[test]
fn defect_7_intervals_must_be_positive_and_whole_units_are_not_required() {
    let zero = IntervalTrigger::seconds(0).build();
    assert!(zero.is_err());
    assert!(IntervalTrigger::every(Duration::ZERO).build().is_err());
    assert!(IntervalTrigger::seconds(-5).build().is_err());
}

#[test]
fn defect_8_text_after_a_name_is_an_error() {
    let error = CronTrigger::builder().day_of_week("mon-fri/2").timezone("UTC").build();
    let text = error_chain(&error.unwrap_err()).to_string();
    assert!(text.contains("day_of_week"), "{text}");
}

#[test]
fn defect_9_fractions_of_seconds_in_dates() {
    let date = DateTrigger::at("2026-01-01 00:00:00.5").timezone("UTC").build().unwrap();
    assert_eq!(date.run_date(), time("2026-01-01T00:00:00.500Z"));
}

#[test]
fn defect_10_or_triggers_do_not_restart_the_intervals_of_their_members() {
    let start = "2026-01-01 00:00:00";
    let three = IntervalTrigger::seconds(3).start_date(start).timezone("UTC");
    let five = IntervalTrigger::seconds(5).start_date(start).timezone("UTC");
    let expected =
        ["01-01 00:00:00", "01-01 00:00:03", "01-01 00:00:05", "01-01 00:00:06", "01-01 00:00:09"];
    assert_eq!(fires(OrTrigger::of(three).or(five), "2026-01-01T00:00:00Z", 5), expected);
}

#[test]
fn defect_11_no_error_of_a_store_ends_the_loop() {
    for call in [Call::NextWakeup, Call::ClaimDue, Call::Commit] {
        for fault in [Fault::NotApplied, Fault::Rejected, Fault::Panic] {
            let store = faulty(MemoryJobStore::new());
            let faults = store.0.faults.clone();
            let fixture = SchedulerFixture::new(|builder| builder.job_store("default", store));
            let job = fixture.job(note("a".into())).trigger(every_ten_seconds());
            fixture.block_on(job.add()).unwrap();
            faults.set(call, fault);
            fixture.run_until(12);
            faults.clear();
            fixture.run_until(45);
            let lines = fixture.log.lines();
            assert!(lines.contains(&"a@40".to_owned()), "{call:?} {fault:?}: {lines:?}");
            assert!(fixture.health().is_ok(), "{call:?} {fault:?}");
        }
    }
}

#[test]
fn defect_12_a_shutdown_does_not_advance_due_jobs() {
    let file = TempStore::new();
    let start =
        || SchedulerFixture::new(|builder| builder.job_store("default", file.store()).task(note));
    let fixture = start();
    fixture.block_on(fixture.job(note("a".into())).trigger(every_ten_seconds()).add()).unwrap();
    fixture.block_on(fixture.shutdown()).unwrap();
    fixture.clock().set(at(15));
    fixture.block_on(fixture.tick(at(15)));
    assert_eq!(fixture.log.len(), 0);
    let next = start();
    assert_eq!(only_job(&next).next_run_time, Some(at(10)));
}

/// A job that calls its scheduler, and one that shuts it down.
fn calls_scheduler(shuts_down: bool) -> Vec<String> {
    let fixture = SchedulerFixture::new(|builder| {
        let builder = builder.job_store("default", MemoryJobStore::new());
        builder.executor("default", ThreadPoolExecutor::new(1))
    });
    let log = fixture.log.clone();
    let job = fixture.job(move |context: JobContext| {
        let log = log.clone();
        async move {
            let scheduler: AsyncScheduler = context.scheduler().expect("the scheduler");
            let jobs = scheduler.get_jobs(JobQuery::new()).await.unwrap();
            log.push(format!("{} jobs", jobs.len()));
            if shuts_down {
                scheduler.shutdown().await.unwrap();
                log.push("shut down");
            }
        }
    });
    fixture.block_on(job.trigger(every_ten_seconds()).add()).unwrap();
    fixture.jump_to(10);
    if !shuts_down {
        fixture.block_on(fixture.shutdown()).unwrap();
    }
    fixture.block_on(fixture.stopped());
    fixture.log.lines()
}

#[test]
fn defect_13_a_shutdown_does_not_deadlock_with_a_job_that_calls_the_scheduler() {
    assert_eq!(calls_scheduler(false), ["1 jobs"]);
}

#[test]
fn defect_14_a_job_can_shut_its_scheduler_down() {
    assert_eq!(calls_scheduler(true), ["1 jobs", "shut down"]);
}

#[test]
fn defect_15_executors_work_after_a_restart() {
    let fixture = SchedulerFixture::in_memory();
    fixture.block_on(fixture.job(note("a".into())).trigger(every_ten_seconds()).add()).unwrap();
    fixture.run_until(15);
    fixture.block_on(fixture.shutdown()).unwrap();
    fixture.block_on(fixture.start_manual()).unwrap();
    fixture.run_until(25);
    assert_eq!(fixture.log.lines(), ["a@10", "a@20"]);
}

#[test]
fn defect_16_a_failed_start_can_be_repeated() {
    let store = faulty(MemoryJobStore::new());
    let faults = store.0.faults.clone();
    let fixture = SchedulerFixture::new(|builder| builder.job_store("default", store));
    fixture.block_on(fixture.shutdown()).unwrap();
    faults.once(Call::Start, Fault::NotApplied);
    let error = fixture.block_on(fixture.start_manual()).unwrap_err();
    assert!(matches!(error, SchedulerError::Store { .. }), "{error}");
    assert!(!fixture.is_running());
    fixture.block_on(fixture.start_manual()).unwrap();
    assert!(fixture.health().is_ok());
}

/// A job of a task that the second scheduler has not registered.
fn unknown_task(file: &TempStore) -> SchedulerFixture {
    let first = SchedulerFixture::new(|builder| builder.job_store("default", file.store()));
    let job = first.job(note("a".into())).id("a").trigger(every_ten_seconds());
    first.block_on(job.add()).unwrap();
    first.block_on(first.shutdown()).unwrap();
    SchedulerFixture::new(|builder| builder.job_store("default", file.store()))
}

#[test]
fn defect_17_listing_keeps_jobs_that_cant_be_run() {
    let file = TempStore::new();
    let fixture = unknown_task(&file);
    for _ in 0..2 {
        assert!(only_job(&fixture).problem.is_some());
    }
    fixture.run_until(60);
    assert_eq!(listed(&fixture, JobQuery::new()), ["a"]);
}

#[test]
fn defect_18_a_missing_executor_does_not_remove_the_job() {
    let fixture = SchedulerFixture::in_memory();
    let held = ManualExecutor::default();
    fixture.add_executor("second", held).unwrap();
    let job = fixture.job(note("a".into())).id("a").executor("second");
    fixture.block_on(job.trigger(every_ten_seconds()).add()).unwrap();
    fixture.block_on(fixture.remove_executor("second")).unwrap();
    fixture.run_until(30);
    assert_eq!(listed(&fixture, JobQuery::new()), ["a"]);
}

#[test]
fn defect_19_runs_that_are_dropped_are_reported() {
    let refusing = FailingExecutor::default();
    refusing.submit.store(true, Ordering::SeqCst);
    let fixture = SchedulerFixture::new(|builder| {
        builder.job_store("default", MemoryJobStore::new()).executor("default", refusing)
    });
    let job = fixture.job(note("a".into())).id("a").trigger(every_ten_seconds());
    fixture.block_on(job.add()).unwrap();
    fixture.jump_to(10);
    assert_eq!(fixture.events.with_prefix("JOB_ERROR"), ["JOB_ERROR a"]);
}

#[test]
fn defect_20_internal_errors_have_events() {
    let store = faulty(MemoryJobStore::new());
    let faults = store.0.faults.clone();
    let fixture = SchedulerFixture::new(|builder| builder.job_store("default", store));
    fixture.pass();
    faults.set(Call::NextWakeup, Fault::NotApplied);
    fixture.jump_to(2);
    assert_eq!(fixture.events.with_prefix("JOBSTORE_FAILED"), ["JOBSTORE_FAILED default"]);
}

#[test]
fn defect_21_the_order_of_events() {
    let fixture = SchedulerFixture::in_memory();
    let job = fixture.job(note("a".into())).id("a").trigger(DateTrigger::at(at(5)));
    fixture.block_on(job.add()).unwrap();
    fixture.run_until(6);
    let of_job = fixture.events.event_lines().into_iter().filter(|text| text.ends_with(" a"));
    let expected = ["JOB_ADDED a", "JOB_SUBMITTED a", "JOB_EXECUTED a", "JOB_REMOVED a"];
    assert_eq!(of_job.collect::<Vec<_>>(), expected);
}

#[test]
fn defect_22_a_job_without_a_fire_time_is_rejected_and_one_without_a_further_one_removed() {
    let fixture = SchedulerFixture::in_memory();
    let past = || IntervalTrigger::seconds(10).start_date(at(-50)).end_date(at(-10));
    let error = fixture.block_on(fixture.job(note("a".into())).trigger(past()).add()).unwrap_err();
    assert!(matches!(error, SchedulerError::NeverFires { .. }), "{error}");
    let last = IntervalTrigger::seconds(10).start_date(at(10)).end_date(at(10));
    fixture.block_on(fixture.job(note("a".into())).trigger(last).add()).unwrap();
    fixture.run_until(15);
    assert_eq!((fixture.log.len(), listed(&fixture, JobQuery::new()).len()), (1, 0));
}

#[test]
fn defect_23_an_import_emits_events_and_is_noticed() {
    let fixture = SchedulerFixture::in_memory();
    let job = fixture.job(note("a".into())).id("a").trigger(DateTrigger::at(at(5)));
    fixture.block_on(job.add()).unwrap();
    let exported = fixture.block_on(fixture.export_jobs(JobQuery::new())).unwrap();
    fixture.block_on(fixture.remove_all_jobs()).unwrap();
    assert_eq!(fixture.pass(), None, "nothing to do");
    fixture.events.clear();
    let imported = fixture.block_on(fixture.import_jobs(exported, OnConflict::Fail)).unwrap();
    assert_eq!(imported.added.len(), 1);
    // The driver is woken: otherwise this would wait.
    fixture.block_on(fixture.wait_for_wakeup());
    assert_eq!(fixture.pass(), Some(at(5)));
    assert_eq!(fixture.events.with_prefix("JOB_ADDED"), ["JOB_ADDED a"]);
    fixture.run_until(6);
    assert_eq!(fixture.log.lines(), ["a@5"]);
}

#[test]
fn defect_25_a_text_is_one_argument() {
    let fixture = SchedulerFixture::in_memory();
    fixture.block_on(fixture.job(note("hello".into())).add()).unwrap();
    fixture.run_until(1);
    assert_eq!(fixture.log.lines(), ["hello@0"]);
}

#[test]
fn defect_26_pending_jobs_have_all_attributes() {
    let scheduler = stopped();
    let job = scheduler.job(note("a".into())).trigger(every_ten_seconds());
    let job = pollster::block_on(job.add()).unwrap();
    assert_eq!((job.state, job.name()), (JobState::Pending, "note"));
    assert_eq!(job.definition.as_ref().unwrap().options.max_instances, 1);
    assert!(job.trigger.is_some() && job.next_run_time.is_none());
    pollster::block_on(scheduler.remove_all_jobs()).unwrap();
}

#[test]
fn defect_27_late_jobs_run_by_default() {
    let fixture = SchedulerFixture::in_memory();
    let job = fixture.job(note("a".into())).trigger(DateTrigger::at(at(5)));
    fixture.block_on(job.add()).unwrap();
    fixture.jump_to(3600);
    assert_eq!(fixture.log.lines(), ["a@5"]);
}

#[test]
fn defect_28_crontab_weekdays_and_days() {
    // Sunday is 0, and a day must match only one of the two fields.
    let sundays = CronTrigger::from_crontab("0 0 * * 0").timezone("UTC");
    assert_eq!(fires(sundays, "2026-01-01T00:00:00Z", 1), ["01-04 00:00:00"]);
    let either = CronTrigger::from_crontab("0 0 13 * 5").timezone("UTC");
    let expected = ["01-02 00:00:00", "01-09 00:00:00", "01-13 00:00:00"];
    assert_eq!(fires(either, "2026-01-01T00:00:00Z", 3), expected);
    let as_in_apscheduler = CronTrigger::from_apscheduler_crontab("0 0 * * 0").timezone("UTC");
    assert_eq!(fires(as_in_apscheduler, "2026-01-01T00:00:00Z", 1), ["01-05 00:00:00"]);
}

#[test]
fn defect_29_a_year_of_missed_seconds_is_not_a_list() {
    let fixture = SchedulerFixture::in_memory();
    let every_second = || IntervalTrigger::seconds(1).start_date(at(1));
    let job = fixture.job(note("latest".into())).trigger(every_second());
    fixture.block_on(job.add()).unwrap();
    let limited = fixture.job(note("all".into())).coalesce(Coalesce::All).max_catch_up_runs(3);
    fixture.block_on(limited.trigger(every_second()).add()).unwrap();
    let year = 365 * 86_400;
    fixture.clock().set(at(year));
    fixture.pass();
    let lines = fixture.log.lines();
    assert!(lines.contains(&format!("latest@{year}")), "{lines:?}");
    assert!(lines.len() <= 4, "{lines:?}");
}

#[test]
fn defect_30_the_text_of_an_event_has_its_data() {
    let fixture = SchedulerFixture::in_memory();
    let job = fixture.job(note("a".into())).id("nightly").trigger(DateTrigger::at(at(5)));
    fixture.block_on(job.add()).unwrap();
    fixture.run_until(6);
    let executed =
        fixture.events.all().into_iter().find(|event| brief(event) == "JOB_EXECUTED nightly");
    let executed: Event = executed.unwrap();
    assert!(executed.to_string().contains("nightly"), "{executed}");
    assert!(format!("{executed:?}").contains("nightly"), "{executed:?}");
}
