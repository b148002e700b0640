//! Starting children, and not too often if that fails.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Stdio, id};
use std::time::Duration;

use punctual_core::{TaskName, error_chain};
use rustix::fs::fstat;
use tokio::process::Command;
use tokio::time::{Instant, sleep_until, timeout};

use super::child::{Child, End};
use crate::inside::{VARIABLE, known};
use crate::options::Options;
use crate::wire::{FromChild, ToChild, VERSION, Welcome};

/// How long a child may take until it says that it is ready.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// How often in a row a start may fail until runs are refused.
const ATTEMPTS: u32 = 3;

/// Why a child could not be started.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error("a child process can't be started")]
    Spawn(#[from] std::io::Error),
    #[error(
        "a child process said nothing for {PATIENCE:?}; is punctual::process::init the first line of main?"
    )]
    Silent,
    #[error(
        "a child process ended before it was ready: {0}; is punctual::process::init the first line of main?"
    )]
    Ended(End),
    #[error("a child process is {0:?} and its parent {VERSION:?}")]
    Version(String),
    #[error("a child process can't work: {0}")]
    Unable(String),
    #[error("a child process doesn't know the task {0}: is init always given the same ones?")]
    Task(TaskName),
    #[error("the pool has closed before a child process was ready")]
    GivenUp,
}

/// Starts a child, and waits until it is ready or not wanted any more.
pub(super) async fn start(
    options: &Options,
    given_up: impl Future<Output = ()>,
) -> Result<Child, StartError> {
    let mut child = spawn(options)?;
    let welcome = Welcome {
        version: VERSION.into(),
        limit: options.max_message,
        nice: options.nice,
        memory: options.memory_limit,
    };
    let said = match child.send(&ToChild::Welcome(welcome)) {
        Ok(_) => tokio::select! {
            said = timeout(PATIENCE, child.next()) => said.map_err(|_| StartError::Silent),
            () = given_up => Err(StartError::GivenUp),
        },
        Err(error) => return Err(StartError::Unable(error_chain(&error).to_string())),
    };
    let problem = match said {
        Ok(Some(FromChild::Ready { version, .. })) if version != VERSION => {
            StartError::Version(version)
        }
        Ok(Some(FromChild::Ready { tasks, .. })) => {
            let missing = known().into_iter().flatten().find(|task| !tasks.contains(task));
            match missing {
                None => return Ok(child),
                Some(task) => StartError::Task(task.clone()),
            }
        }
        Ok(Some(FromChild::Unable(reason))) => StartError::Unable(reason),
        Ok(Some(other)) => StartError::Unable(format!("it said {other:?}")),
        Ok(None) => return Err(StartError::Ended(child.bury().await)),
        Err(problem) => problem,
    };
    child.kill();
    child.bury().await;
    Err(problem)
}

fn spawn(options: &Options) -> std::io::Result<Child> {
    let (ours, theirs) = UnixStream::pair()?;
    let inode = fstat(&theirs)?.st_ino;
    let mut command = Command::new(program()?);
    if options.env_clear {
        command.env_clear();
    }
    command
        .args(&options.args)
        .envs(options.env.iter().map(|(name, value)| (name, value)))
        .env(VARIABLE, format!("{inode} {}", id()))
        .stdin(OwnedFd::from(theirs))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    if let Some(name) = std::env::args_os().next() {
        command.arg0(name);
    }
    if let Some(directory) = &options.current_dir {
        command.current_dir(directory);
    }
    let process = command.spawn()?;
    // With its end of the socket: only the child may have that now.
    drop(command);
    Child::new(process, ours, options)
}

/// This program, even if its file has been replaced or removed.
fn program() -> std::io::Result<PathBuf> {
    let running = PathBuf::from("/proc/self/exe");
    if cfg!(target_os = "linux") && running.exists() {
        return Ok(running);
    }
    std::env::current_exe()
}

/// When to try again.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
    not_before: Option<Instant>,
}

impl Backoff {
    /// All is well.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }

    /// It went wrong: waits for 50 ms before the next attempt, and for twice as long each time, up to 10 s.
    pub(super) fn failed(&mut self) {
        let wait = Duration::from_millis(50) * 2_u32.pow(self.failures.min(8));
        self.failures += 1;
        self.not_before = Some(Instant::now() + wait.min(Duration::from_secs(10)));
    }

    /// Whether it went wrong too often to let runs wait for the next attempt.
    pub(super) fn is_hopeless(&self) -> bool {
        self.failures >= ATTEMPTS && self.not_before.is_some_and(|time| Instant::now() < time)
    }

    pub(super) async fn wait(&self) {
        if let Some(time) = self.not_before {
            sleep_until(time).await;
        }
    }
}
