//! Jobs that run programs, with a time limit and an allow-list of programs.

use std::error::Error;
use std::sync::mpsc;
use std::time::Duration;

use punctual::prelude::*;
use punctual::{CommandOutput, command, shell};

fn main() -> Result<(), Box<dyn Error>> {
    let (sender, receiver) = mpsc::channel();
    let scheduler = BackgroundScheduler::builder()
        .timezone("UTC")
        // Only these programs may be run. Jobs in the store that name another program fail.
        .task(CommandTask::only(["/bin/ls", "/bin/sleep"]))
        .listener(EventMask::JOB_EXECUTED | EventMask::JOB_ERROR, move |event| {
            if let Event::JobExecuted(run) | Event::JobError(run) = event
                && let Some(outcome) = &run.outcome
            {
                // The receiver is dropped when `main` returns.
                let _ = sender.send((run.job.job_id.clone(), outcome.clone()));
            }
        })
        .start()?;

    // Arguments are passed to the program unchanged, without a shell.
    scheduler.job(command("/bin/ls").arg("-d").arg("/")).id("list").add()?;
    // On timeout, the program and its child processes are killed.
    let slow = command("/bin/sleep").arg("1000").timeout(Duration::from_millis(200));
    scheduler.job(slow).id("sleep").add()?;
    // A shell command. It fails here because the shell is not an allowed program.
    let remove = shell(r#"rm -r -- "$FOLDER""#).env("FOLDER", "/tmp/old logs");
    scheduler.job(remove).id("remove").add()?;

    for _job in 0..3 {
        let (job, outcome) = receiver.recv_timeout(Duration::from_secs(60))?;
        match CommandOutput::of(&outcome) {
            Some(output) if outcome.is_success() => {
                println!("{job}: {}, printed {:?}", output.status, output.stdout.to_string());
            }
            _ => println!("{job}: {outcome}"),
        }
    }
    scheduler.shutdown()?;
    Ok(())
}
