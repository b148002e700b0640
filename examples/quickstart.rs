//! Three jobs in an SQLite file, with a date, an interval and a cron trigger.
//!
//! ```sh
//! cargo run --example quickstart              # or, to stop after 20 seconds:
//! cargo run --example quickstart -- --for 20 --file /tmp/jobs.sqlite
//! ```
//!
//! Stop it at any time with Ctrl-C or `kill -9`, for example during a backup. After a restart, the jobs are loaded from
//! the file and continue.

use std::error::Error;
use std::sync::mpsc;
use std::time::Duration;

use punctual::prelude::*;

/// A task is a function that jobs call. The store contains its name and the arguments.
#[task]
fn greet(name: String) {
    println!("             Hello, {name}!");
}

/// A task may be async, may return an error, and may take the context of its run as an argument.
#[task]
async fn back_up(context: JobContext, folder: String) -> Result<String, std::io::Error> {
    let attempt = context.attempt(); // 2 if the first attempt was interrupted
    let mut second = tokio::time::interval(Duration::from_secs(1));
    for part in 1..=3 {
        second.tick().await;
        println!("             {folder}: part {part} of 3, attempt {attempt}");
    }
    Ok(format!("{folder} is backed up"))
}

/// A task without arguments.
#[task]
fn chime() {}

fn main() -> Result<(), Box<dyn Error>> {
    let file = option("--file").unwrap_or("quickstart.sqlite".into());
    let seconds = option("--for").map(|text| text.parse()).transpose()?;

    let scheduler = BackgroundScheduler::builder()
        .job_store("default", SqliteJobStore::open(&file)?)
        // Stored jobs refer to tasks by name. This registers the functions.
        .task(greet)
        .task(back_up)
        .task(chime)
        // The node id is stable across restarts. With it, a new process finds and recovers the unfinished runs of
        // a previous one. No two processes may use one id at the same time.
        .node_id("quickstart")
        .listener(EventMask::ALL, report)
        .build()?;

    // The scheduler is paused at first, so that the jobs found in the file can be printed before any run.
    scheduler.start_paused()?;
    let found = scheduler.get_jobs(JobQuery::new())?;
    if found.is_empty() {
        println!("{file} is new.");
        // A date trigger: fires once, in three seconds.
        let soon = SystemClock.now().saturating_add(Duration::from_secs(3));
        scheduler.job(greet("world".into())).id("greet").trigger(DateTrigger::at(soon)).add()?;
    } else {
        println!("Found in {file}:");
    }
    for job in found {
        println!("  {job}");
        if job.in_flight > 0 {
            println!("    was interrupted during a run, which is recovered");
        }
    }

    // An interval of five seconds; an interrupted run is repeated. Jobs are usually added at each start. An
    // existing job with the same trigger keeps its next run time.
    scheduler
        .job(back_up("/home".into()))
        .id("back_up")
        .trigger(IntervalTrigger::seconds(5))
        .recovery(Recovery::Rerun)
        .replace_existing(true)
        .add()?;

    // Cron fields: at seconds 0, 10, 20, 30, 40 and 50 of every minute. An interrupted run is not repeated.
    scheduler
        .job(chime())
        .id("chime")
        .trigger(CronTrigger::builder().second("*/10"))
        .recovery(Recovery::Skip)
        .replace_existing(true)
        .add()?;

    scheduler.resume()?;
    wait(seconds);
    scheduler.shutdown()?; // waits for the current runs to finish
    Ok(())
}

/// Prints each finished run with its scheduled time and its delay. A listener receives all other events, too.
fn report(event: &Event) {
    match event {
        Event::JobExecuted(run) | Event::JobError(run) => {
            if let (Some(started), Some(outcome)) = (run.started, &run.outcome) {
                let late = started.saturating_since(run.scheduled_time);
                println!(
                    "{}  {}: {outcome} ({late:.1?} late)",
                    clock(run.scheduled_time),
                    run.job.job_id
                );
            }
        }
        Event::JobRecovered(run) => println!(
            "{}  {}: this run was interrupted and is recovered",
            clock(run.scheduled_time),
            run.job.job_id
        ),
        Event::JobCoalesced(skipped) => println!(
            "{}  {}: one run for all fire times that are due since then",
            clock(skipped.first),
            skipped.job.job_id
        ),
        _ => {}
    }
}

/// The time of day in the local zone.
fn clock(time: Timestamp) -> String {
    let here = Zone::local().unwrap_or(Zone::utc());
    time.in_zone(&here).format("%H:%M:%S%.3f").to_string()
}

/// Returns the command line argument after `name`.
fn option(name: &str) -> Option<String> {
    std::env::args().skip_while(|word| word != name).nth(1)
}

/// Waits `seconds` seconds, or indefinitely. The scheduler runs on its own threads.
fn wait(seconds: Option<u64>) {
    let (_open, never) = mpsc::channel::<()>();
    let time = seconds.map_or(Duration::MAX, Duration::from_secs);
    let _ = never.recv_timeout(time);
}
