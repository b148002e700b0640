//! The triggers that the guides of APScheduler show, with its arguments in the comments.
//!
//!     cargo run --example triggers

use std::time::Duration;

use punctual::IntoTrigger;
use punctual::chrono::{NaiveDate, NaiveDateTime};
use punctual::prelude::*;

#[task]
fn job_function(text: String) -> String {
    format!("{text} ran")
}

/// Adds a job, and prints its next fire times.
fn add(
    scheduler: &BackgroundScheduler,
    id: &str,
    trigger: impl IntoTrigger + Send + 'static,
) -> anyhow::Result<()> {
    let job = scheduler.job(job_function(id.into())).id(id).name(id).trigger(trigger).add()?;
    println!("{job}");
    for fire in job.next_fire_times(3)? {
        println!("    {}", fire.in_zone(&job.zone).format("%a %F %T %Z"));
    }
    Ok(())
}

/// `'interval'`, `'calendarinterval'`
fn add_intervals(scheduler: &BackgroundScheduler) -> anyhow::Result<()> {
    // hours=2
    add(scheduler, "interval", IntervalTrigger::hours(2))?;
    // hours=2, start_date='2110-10-10 09:30:00', end_date='2114-06-15 11:00:00'
    let window =
        IntervalTrigger::hours(2).start_date("2110-10-10 09:30:00").end_date("2114-06-15 11:00:00");
    add(scheduler, "interval in a window", window)?;
    // hours=1, jitter=120
    let jitter = IntervalTrigger::hours(1).jitter(Duration::from_secs(120));
    add(scheduler, "interval with jitter", jitter)?;
    // months=1, hour=16
    add(scheduler, "every month", CalendarIntervalTrigger::months(1).hour(16))
}

/// `'cron'`
fn add_cron(scheduler: &BackgroundScheduler) -> anyhow::Result<()> {
    // month='6-8,11-12', day='3rd fri', hour='0-3'
    let ranges = CronTrigger::builder().month("6-8,11-12").day("3rd fri").hour("0-3");
    add(scheduler, "third Fridays", ranges)?;
    // day_of_week='mon-fri', hour=5, minute=30, end_date='2114-05-30'
    let weekdays = CronTrigger::builder().day_of_week("mon-fri").hour(5).minute(30);
    add(scheduler, "weekdays", weekdays.end_date("2114-05-30"))?;
    // day='last sun'
    add(scheduler, "last Sundays", CronTrigger::builder().day("last sun"))?;
    // hour='*', jitter=120
    let jitter = CronTrigger::builder().hour("*").jitter(Duration::from_secs(120));
    add(scheduler, "hours with jitter", jitter)?;
    // CronTrigger.from_crontab('0 0 1-15 may-aug *'): text is a line of a crontab.
    add(scheduler, "crontab", "0 0 1-15 may-aug *")
}

/// `'date'`
fn add_dates(scheduler: &BackgroundScheduler) -> anyhow::Result<()> {
    // run_date=date(2109, 11, 6)
    let date: NaiveDate = "2109-11-06".parse()?;
    add(scheduler, "date", DateTrigger::at(date))?;
    // run_date=datetime(2109, 11, 6, 16, 30, 5)
    let time: NaiveDateTime = "2109-11-06T16:30:05".parse()?;
    add(scheduler, "date and time", DateTrigger::at(time))?;
    // run_date='2109-11-06 16:30:05'
    add(scheduler, "date as text", DateTrigger::at("2109-11-06 16:30:05"))
}

/// `AndTrigger`, `OrTrigger`
fn add_combinations(scheduler: &BackgroundScheduler) -> anyhow::Result<()> {
    // AndTrigger([IntervalTrigger(hours=2), CronTrigger(day_of_week='sat,sun')]): at midnight on these days, because that is
    // when the second one fires. The start of the interval is given, so that it fires then, too.
    let weekends = AndTrigger::of(IntervalTrigger::hours(2).start_date("2026-01-01 00:00:00Z"))
        .and(CronTrigger::builder().day_of_week("sat,sun").timezone("UTC"));
    add(scheduler, "and", weekends)?;
    // OrTrigger([CronTrigger(day_of_week='mon', hour=2), CronTrigger(day_of_week='tue', hour=15)])
    let either = OrTrigger::of(CronTrigger::builder().day_of_week("mon").hour(2))
        .or(CronTrigger::builder().day_of_week("tue").hour(15));
    add(scheduler, "or", either)
}

fn main() -> anyhow::Result<()> {
    let scheduler = BackgroundScheduler::builder().timezone("Europe/Berlin").start()?;
    add_intervals(&scheduler)?;
    add_cron(&scheduler)?;
    add_dates(&scheduler)?;
    add_combinations(&scheduler)?;

    // scheduler.add_job(job_function, args=['text']): without a trigger, a job runs once, at once.
    let (done, ended) = std::sync::mpsc::channel();
    scheduler.add_listener(EventMask::JOB_EXECUTED, move |event| {
        // The receiver is dropped when `main` returns.
        let _ = done.send(event.to_string());
    });
    scheduler.job(job_function("the job without a trigger".into())).id("now").add()?;
    println!("{}", ended.recv()?);
    scheduler.shutdown()?;
    Ok(())
}
