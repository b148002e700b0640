//! Ten schedules that are read from a TOML file: `schedules.toml`, next to this program.
//!
//!     cargo run --example schedules_from_file

use punctual::prelude::*;

#[task]
fn send_mail(to: String, subject: String) {
    println!("to {to}: {subject}");
}

#[task]
fn back_up(directory: String) {
    println!("backing up {directory}");
}

#[task]
fn report(text: String) {
    println!("{text}");
}

#[task]
fn pay() {
    println!("paying the salaries");
}

fn main() -> anyhow::Result<()> {
    let config = Config::builder()
        .toml_file(concat!(env!("CARGO_MANIFEST_DIR"), "/schedules.toml"))
        // Variables override the file: PUNCTUAL__JOBS__BACKUP__CRON="0 3 * * *".
        .env()
        .build()?;

    // The file can use these tasks. Unknown ones are errors, with suggestions.
    let tasks = Tasks::new().task(send_mail).task(back_up).task(report).task(pay);
    let scheduler = BackgroundScheduler::builder().tasks(&tasks).configure(&config)?.start()?;

    let jobs = scheduler.get_jobs(JobQuery::new())?;
    assert_eq!(jobs.len(), 10);
    for job in jobs {
        println!("{job}");
    }
    scheduler.shutdown()?;
    Ok(())
}
