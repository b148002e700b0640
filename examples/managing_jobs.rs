//! Managing jobs: starting paused, listing, modifying, rescheduling, pausing, resuming and removing them, and a shutdown that
//! does not wait. The calls of APScheduler are in the comments.
//!
//!     cargo run --example managing_jobs

use std::sync::mpsc;
use std::time::Duration;

use punctual::prelude::*;

fn main() -> anyhow::Result<()> {
    let scheduler = BackgroundScheduler::builder().timezone("Europe/Helsinki").build()?;
    // Jobs that are added before the start are pending.
    let job = scheduler.job(|| println!("tick")).id("my_job_id").name("tick");
    let job = job.trigger(IntervalTrigger::minutes(2)).tag("clock").add()?;
    print(&scheduler)?;

    // scheduler.start(paused=True): no job runs yet.
    scheduler.start_paused()?;
    print(&scheduler)?;

    // job.modify(max_instances=6, name='Alternate name')
    job.modify(JobChange::new().max_instances(6).name("Alternate name"))?;
    // scheduler.reschedule_job('my_job_id', trigger='cron', minute='*/5')
    scheduler.reschedule_job("my_job_id", CronTrigger::builder().minute("*/5"))?;
    print(&scheduler)?;

    // job.pause() and job.resume(); a query pauses and resumes many jobs.
    job.pause()?;
    print(&scheduler)?;
    job.resume()?;
    let paused = scheduler.pause_jobs(JobQuery::new().tag("clock"))?;
    let resumed = scheduler.resume_jobs(JobQuery::new().tag("clock"))?;
    println!("{} paused and {} resumed\n", paused.changed.len(), resumed.changed.len());

    // job.remove(); scheduler.remove_job('my_job_id') is the same.
    job.remove()?;
    println!("removed: {}\n", scheduler.get_job("my_job_id")?.is_none());

    // scheduler.resume(), pause(): all jobs.
    scheduler.resume()?;

    // scheduler.shutdown(wait=False): the run is told, and not awaited.
    let (started, has_started) = mpsc::channel();
    let (ended, has_ended) = mpsc::channel();
    let long = move |context: JobContext| {
        let (started, ended) = (started.clone(), ended.clone());
        async move {
            // The receivers are dropped when `main` returns.
            let _ = started.send(());
            context.cancelled().await;
            let _ = ended.send(context.cancel_reason());
        }
    };
    scheduler.job(long).id("long").add()?;
    has_started.recv()?;
    scheduler.shutdown_timeout(Duration::ZERO)?;
    println!("the run was cancelled, because of: {:?}", has_ended.recv()?);
    Ok(())
}

/// `scheduler.print_jobs()`, and the same as a table.
fn print(scheduler: &BackgroundScheduler) -> anyhow::Result<()> {
    scheduler.print_jobs(JobQuery::new(), std::io::stdout())?;
    scheduler.print_job_table(JobQuery::new(), std::io::stdout())?;
    println!();
    Ok(())
}
