//! Three jobs in an SQLite file, one for each kind of trigger.
//!
//! ```sh
//! cargo run --example quickstart              # or, to let it end by itself:
//! cargo run --example quickstart -- --for 20 --file /tmp/jobs.sqlite
//! ```
//!
//! Kill it whenever you like, with Ctrl-C or `kill -9`, best in the middle of a backup. Start it again, and
//! it goes on: the file knows what there is to do.

use std::error::Error;
use std::sync::mpsc;
use std::time::Duration;

use punctual::prelude::*;
use punctual::{Clock, SystemClock};

/// A task is a function that jobs call. The store keeps its name and the arguments.
#[task]
fn greet(name: String) {
    println!("             Hello, {name}!");
}

/// A task can know about its run, may be async, and may fail.
#[task]
async fn back_up(context: JobContext, folder: String) -> Result<String, std::io::Error> {
    let attempt = context.attempt(); // 2 if the process of the first one was killed
    let mut second = tokio::time::interval(Duration::from_secs(1));
    for part in 1..=3 {
        second.tick().await;
        println!("             {folder}: part {part} of 3, attempt {attempt}");
    }
    Ok(format!("{folder} is safe"))
}

/// The simplest task.
#[task]
fn chime() {}

fn main() -> Result<(), Box<dyn Error>> {
    let file = option("--file").unwrap_or("quickstart.sqlite".into());
    let seconds = option("--for").map(|text| text.parse()).transpose()?;

    let scheduler = BackgroundScheduler::builder()
        .job_store("default", SqliteJobStore::open(&file)?)
        // Stored jobs know their tasks by name: these are the functions.
        .task(greet)
        .task(back_up)
        .task(chime)
        // By this name a new process knows what an earlier one has left unfinished.
        .identity("quickstart")
        .listener(EventMask::ALL, report)
        .build()?;

    // Paused at first: nothing runs before we have seen what an earlier start has left in the file.
    scheduler.start_paused()?;
    let found = scheduler.get_jobs(JobQuery::new())?;
    if found.is_empty() {
        println!("{file} is new.");
        // A date: once, in three seconds.
        let soon = SystemClock.now().saturating_add(Duration::from_secs(3));
        scheduler.job(greet("world".into())).id("greet").trigger(DateTrigger::at(soon)).add()?;
    } else {
        println!("Found in {file}:");
    }
    for job in found {
        println!("  {job}");
        if job.in_flight > 0 {
            println!("    was killed in the middle of a run, which is run again");
        }
    }

    // An interval: every five seconds, again if it was killed. Adding a job at each start is the usual
    // thing: if it is there and unchanged, it keeps its next run time.
    scheduler
        .job(back_up("/home".into()))
        .id("back_up")
        .trigger(IntervalTrigger::seconds(5))
        .recovery(Recovery::Rerun)
        .replace_existing(true)
        .add()?;

    // Cron fields: at 0, 10, 20, 30, 40 and 50 seconds of every minute, but never twice.
    scheduler
        .job(chime())
        .id("chime")
        .trigger(CronTrigger::builder().second("*/10"))
        .recovery(Recovery::Skip)
        .replace_existing(true)
        .add()?;

    scheduler.resume()?;
    wait(seconds);
    scheduler.shutdown()?; // lets the runs under way end
    Ok(())
}

/// Prints what ran, when it should have and how late it began; a listener gets every other event too.
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
            "{}  {}: this run was killed; it is run again",
            clock(run.scheduled_time),
            run.job.job_id
        ),
        Event::JobCoalesced(skipped) => println!(
            "{}  {}: one run for everything that was due since then",
            clock(skipped.first),
            skipped.job.job_id
        ),
        _ => {}
    }
}

/// The time of day, where this machine is.
fn clock(time: Timestamp) -> String {
    let here = Zone::local().unwrap_or(Zone::utc());
    time.in_zone(&here).format("%H:%M:%S%.3f").to_string()
}

/// The word after `name` on the command line.
fn option(name: &str) -> Option<String> {
    std::env::args().skip_while(|word| word != name).nth(1)
}

/// Waits so many seconds, or for ever: the scheduler has threads of its own.
fn wait(seconds: Option<u64>) {
    let (_open, never) = mpsc::channel::<()>();
    let time = seconds.map_or(Duration::MAX, Duration::from_secs);
    let _ = never.recv_timeout(time);
}
