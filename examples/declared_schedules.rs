//! Schedules that are declared with their tasks.
//!
//!     cargo run --example declared_schedules

use std::sync::mpsc;
use std::time::Duration;

use punctual::prelude::*;

/// The id of its job is `mail`. A wrong line, such as `0 25 * * *`, does not compile.
#[task(cron = "0 5 * * mon-fri", id = "mail")]
fn send_mail() {
    println!("good morning");
}

/// The id of its job is the name of the task.
#[task(every = "200ms")]
async fn heartbeat() {
    println!("still there");
}

/// A task without a schedule, for jobs that are added by the program.
#[task]
fn back_up(directory: String) {
    println!("backing up {directory}");
}

fn main() -> anyhow::Result<()> {
    let (sender, receiver) = mpsc::channel();
    let scheduler = BackgroundScheduler::builder()
        .timezone("Europe/Helsinki")
        .listener(EventMask::JOB_EXECUTED, move |event| {
            // The receiver is dropped when `main` returns.
            let _ = sender.send(event.to_string());
        })
        .build()?;

    // Nothing runs that is not in this list. In a persistent store, the next start of the program keeps the next run times.
    scheduler.add_tasks(tasks![send_mail, heartbeat, back_up])?;
    scheduler.job(back_up("/srv".into())).id("backup").trigger("30 2 * * *").add()?;
    scheduler.start()?;
    for job in scheduler.get_jobs(JobQuery::new())? {
        println!("{job}");
    }
    for _run in 0..3 {
        println!("{}", receiver.recv_timeout(Duration::from_secs(60))?);
    }
    scheduler.shutdown()?;
    Ok(())
}
