//! Jobs that run programs: kept in a store like any other, with a time limit, and only those that are allowed.

use std::error::Error;
use std::sync::mpsc;
use std::time::Duration;

use punctual::prelude::*;
use punctual::{CommandOutput, command, shell};

fn main() -> Result<(), Box<dyn Error>> {
    let (end, ended) = mpsc::channel();
    let scheduler = BackgroundScheduler::builder()
        .timezone("UTC")
        // Whoever can write to the store can ask for these programs, and for no others.
        .task(CommandTask::only(["/bin/ls", "/bin/sleep"]))
        .listener(EventMask::JOB_EXECUTED | EventMask::JOB_ERROR, move |event| {
            if let Event::JobExecuted(run) | Event::JobError(run) = event
                && let Some(outcome) = &run.outcome
            {
                // Nobody listens any more once the program ends.
                let _ = end.send((run.job.job_id.clone(), outcome.clone()));
            }
        })
        .start()?;

    // The arguments reach the program as they are: no shell looks at them.
    scheduler.job(command("/bin/ls").arg("-d").arg("/")).id("list").add()?;
    // Ended after its time, with all that it has started.
    let slow = command("/bin/sleep").arg("1000").timeout(Duration::from_millis(200));
    scheduler.job(slow).id("sleep").add()?;
    // A shell, for those who ask for it. Here it is not allowed.
    let remove = shell(r#"rm -r -- "$FOLDER""#).env("FOLDER", "/tmp/old logs");
    scheduler.job(remove).id("remove").add()?;

    for _job in 0..3 {
        let (job, outcome) = ended.recv_timeout(Duration::from_secs(60))?;
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
