//! Events are emitted for finished and failed runs and for each decision not to run a job.

use std::error::Error;
use std::sync::mpsc;
use std::time::Duration;

use punctual::prelude::*;

fn main() -> Result<(), Box<dyn Error>> {
    let (done, all_done) = mpsc::channel();
    let scheduler = BackgroundScheduler::builder()
        .timezone("UTC")
        .listener(EventMask::ALL, report)
        .listener(EventMask::JOB_REMOVED, move |_| {
            // The receiver is dropped when `main` returns.
            let _ = done.send(());
        })
        .start()?;

    // The event of a run contains its return value, error or panic message.
    std::panic::set_hook(Box::new(|_| {})); // suppresses the default panic message
    scheduler.job(|| 6 * 7).id("works").add()?;
    let read = || std::fs::read_to_string("/no/such/file");
    scheduler.job(read).id("fails").add()?;
    let divide = |zero: i32| move || 1 / zero;
    scheduler.job(divide(0)).id("panics").add()?;

    // The run is three hours late and exceeds the misfire grace time of ten minutes. It is skipped and a `JobMissed`
    // event is emitted.
    let hours_ago =
        |hours: u64| SystemClock.now().saturating_sub(Duration::from_secs(hours * 3600));
    scheduler
        .job(|| {})
        .id("too late")
        .trigger(DateTrigger::at(hours_ago(3)))
        .misfire_grace_time(Duration::from_secs(600))
        .add()?;

    // Twelve fire times are due. By default, they are coalesced into one run.
    scheduler
        .job(|| {})
        .id("behind")
        .trigger(IntervalTrigger::minutes(15).start_date(hours_ago(3)).max_runs(1))
        .next_run_time(hours_ago(3))
        .add()?;

    for _job in 0..5 {
        all_done.recv_timeout(Duration::from_secs(60))?;
    }
    scheduler.shutdown()?;
    Ok(())
}

fn report(event: &Event) {
    match event {
        Event::JobExecuted(run) | Event::JobError(run) => {
            if let Some(outcome) = &run.outcome {
                println!("{}: {outcome}", run.job.job_id);
            }
        }
        Event::JobMissed(skipped) => println!(
            "{}: the run of {} was skipped: {}",
            skipped.job.job_id, skipped.first, skipped.reason
        ),
        Event::JobCoalesced(skipped) => println!(
            "{}: {} to {} are {}",
            skipped.job.job_id, skipped.first, skipped.last, skipped.reason
        ),
        Event::JobAdded(job) => println!("{}: added", job.job_id),
        Event::JobRemoved(job) => println!("{}: removed, there are no further runs", job.job_id),
        Event::SchedulerStarted => println!("the scheduler has started"),
        Event::SchedulerShutdown => println!("the scheduler has shut down"),
        _ => {}
    }
}
