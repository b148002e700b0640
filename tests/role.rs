//! What a child process is told to be, and what its jobs do.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use punctual::prelude::*;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::halt::Halt;
use crate::journal::{Journal, Mark};

/// What a child process is told to be; given to it as JSON.
///
/// It opens the store, adds the jobs that it should, says `ready` and waits. Told `go`, it runs what is due;
/// told `release`, it lets held runs end; and when its input is closed, it shuts down.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Role {
    /// Where the store and the journal are.
    pub folder: PathBuf,
    /// Its name in the journal.
    pub name: String,
    /// Its name among the processes that share the store.
    pub identity: Option<String>,
    /// Its lease.
    pub lease: Duration,
    /// How many runs it may have under way.
    pub max_running: usize,
    /// Whether it adds the endless jobs, as a program does at each start.
    pub adds_jobs: bool,
    /// Whether its runs last until they are released, instead of a moment.
    pub holds: bool,
    /// Where it halts, to be killed there.
    pub halts: Option<Halt>,
}

impl Role {
    /// A process of this name on the store in `folder`, with everything as it is by default.
    pub fn new(folder: impl Into<PathBuf>, name: impl Into<String>) -> Self {
        Self {
            folder: folder.into(),
            name: name.into(),
            identity: None,
            lease: Duration::from_secs(10),
            max_running: 10_000,
            adds_jobs: false,
            holds: false,
            halts: None,
        }
    }

    /// The command that starts the child process.
    ///
    /// # Panics
    ///
    /// When the role can't be written.
    #[must_use]
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.arg(serde_json::to_string(self).expect("a role"));
        command
    }
}

/// Lets runs end.
#[derive(Clone, Debug)]
pub struct Gate(pub watch::Sender<bool>);

/// What every job does: says that it begins, takes its time, and says that it ends.
#[task]
pub async fn occur(context: JobContext) {
    let journal = context.state::<Journal>().expect("a journal");
    journal.note(Mark::Begin, &context);
    let gate = context.state::<Gate>().expect("a gate");
    let mut open = gate.0.subscribe();
    // Fails only if the gate is gone, which the context keeps.
    let _ = open.wait_for(|open| *open).await;
    // Up to 30 ms, different for each run, so that processes are killed in the middle of some.
    let length =
        Duration::from_millis(context.scheduled_time().as_micros().unsigned_abs() / 7 % 30);
    let _ = tokio::time::timeout(length, std::future::pending::<()>()).await;
    journal.note(Mark::End, &context);
}

/// How often the endless jobs run.
pub const PERIOD: Duration = Duration::from_millis(20);

/// How many runs of an endless job may be under way.
pub const INSTANCES: u32 = 4;

/// Adds two jobs that never end and skip nothing, `rerun` and `skip`, unless they are there.
///
/// # Errors
///
/// What the scheduler says.
pub fn add_endless_jobs(scheduler: &BackgroundScheduler) -> Result<(), SchedulerError> {
    for (id, recovery) in [("rerun", Recovery::Rerun), ("skip", Recovery::Skip)] {
        scheduler
            .add_job(occur())
            .id(id)
            .trigger(IntervalTrigger::every(PERIOD))
            .coalesce(Coalesce::All)
            .max_instances(INSTANCES)
            .recovery(recovery)
            .replace_existing(true)
            .add()?;
    }
    Ok(())
}
