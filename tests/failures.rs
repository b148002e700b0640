//! A program without listeners for failed runs, whose jobs fail and print. Its argument is the log that it installs or configures:
//! `none`, `tracing`, `log`, `without-errors` or `off`. With `retried` a job is retried once. With `unstarted`, `handle-dropped`, `runtime-dropped` or `history`
//! it makes a mistake instead.

use std::error::Error;
use std::io;
use std::sync::mpsc::channel;

use punctual::prelude::*;
use punctual::{HistoryOptions, shell};

struct StderrLogger;

impl log::Log for StderrLogger {
    fn enabled(&self, _: &log::Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &log::Record<'_>) {
        eprintln!("{} {}: {}", record.level(), record.target(), record.args());
    }

    fn flush(&self) {}
}

#[derive(Debug)]
struct NotSent(io::Error);

impl std::fmt::Display for NotSent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the report was not sent")
    }
}

impl Error for NotSent {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

#[task]
fn send_report() -> Result<(), NotSent> {
    Err(NotSent(io::Error::other("no connection")))
}

#[task]
fn print_from_child() {
    println!("printed by a child");
    eprintln!("an error printed by a child");
}

fn main() -> Result<(), Box<dyn Error>> {
    let tasks = Tasks::new().task(send_report).task(print_from_child).task(CommandTask::any());
    punctual::process::init(&tasks);
    let log = std::env::args().nth(1).ok_or("the argument is missing")?;
    if log == "tracing" {
        tracing_subscriber::fmt().with_writer(io::stderr).with_ansi(false).without_time().init();
    }
    if log == "log" {
        log::set_boxed_logger(Box::new(StderrLogger))
            .map(|()| log::set_max_level(log::LevelFilter::Info))?;
    }
    match log.as_str() {
        "retried" => return retried(),
        "unstarted" => return unstarted(),
        "handle-dropped" => return handle_dropped(),
        "runtime-dropped" => return runtime_dropped(),
        "history" => return missing_history(),
        _ => {}
    }
    let scheduler = BackgroundScheduler::builder()
        .timezone("UTC")
        .executor("pool", ProcessPoolExecutor::new(1))
        .tasks(&tasks)
        .failure_log(match log.as_str() {
            "without-errors" => FailureLog::WithoutErrors,
            "off" => FailureLog::Off,
            _ => FailureLog::Full,
        })
        .start()?;
    let (missed_tx, missed_rx) = channel();
    scheduler.add_listener(EventMask::JOB_MISSED, move |_| missed_tx.send(()).unwrap_or_default());
    let late = scheduler.job(send_report()).id("late").trigger(DateTrigger::at("2020-01-01"));
    late.misfire_grace_time(std::time::Duration::from_secs(1)).add()?;
    scheduler.job(send_report()).id("report").paused().add()?;
    scheduler.job(print_from_child()).id("child").executor("pool").paused().add()?;
    scheduler.job(shell("echo printed by a command")).id("command").paused().add()?;
    for job in ["report", "child", "command"] {
        scheduler.run_job_now(job)?;
    }
    missed_rx.recv()?;
    scheduler.shutdown()?;
    Ok(())
}

/// A job that fails twice, and is not retried any more.
fn retried() -> Result<(), Box<dyn Error>> {
    let scheduler = BackgroundScheduler::builder().timezone("UTC").start()?;
    let (ended_tx, ended_rx) = channel();
    let ended = move |_: &Event| ended_tx.send(()).unwrap_or_default();
    scheduler.add_listener(EventMask::JOB_DEAD_LETTERED, ended);
    let once = RetryPolicy::fixed(std::time::Duration::from_millis(1)).max_attempts(2);
    scheduler.job(send_report()).id("report").retry(once).add()?;
    ended_rx.recv()?;
    scheduler.shutdown()?;
    Ok(())
}

/// A scheduler with jobs that is never started.
fn unstarted() -> Result<(), Box<dyn Error>> {
    let scheduler = BackgroundScheduler::builder().timezone("UTC").build()?;
    scheduler.job(send_report()).id("report").add()?;
    scheduler.job(print_from_child()).add()?;
    Ok(())
}

/// A running scheduler whose last handle is dropped.
fn handle_dropped() -> Result<(), Box<dyn Error>> {
    let scheduler = BackgroundScheduler::builder().timezone("UTC").start()?;
    scheduler.job(send_report()).trigger(IntervalTrigger::hours(1)).add()?;
    drop(scheduler.clone());
    eprintln!("the last one:");
    Ok(())
}

/// A running scheduler whose runtime is dropped.
fn runtime_dropped() -> Result<(), Box<dyn Error>> {
    tokio::runtime::Runtime::new()?.block_on(async {
        let scheduler = AsyncScheduler::builder().timezone("UTC").start().await?;
        scheduler.job(send_report()).trigger(IntervalTrigger::hours(1)).add().await?;
        Ok(())
    })
}

/// Options for the history of a store that does not exist.
fn missing_history() -> Result<(), Box<dyn Error>> {
    let builder = BackgroundScheduler::builder().timezone("UTC");
    builder.history_of("report", HistoryOptions::enabled()).start()?.shutdown()?;
    Ok(())
}
