//! Starting children, with a backoff after failures.

use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Stdio, id};
use std::time::Duration;

use punctual_core::{ProcessTermination, TaskName, error_chain};
use rustix::fs::fstat;
use tokio::process::Command;
use tokio::time::{Instant, sleep_until, timeout};

use super::child::ChildHandle;
use crate::child::{CHILD_ENV_VAR, registered_tasks};
use crate::options::Options;
use crate::wire::{FromChild, Handshake, ToChild, VERSION};

/// How long to wait until a child is ready.
pub(super) const START_TIMEOUT: Duration = Duration::from_secs(30);

/// The number of consecutive failed starts after which runs are rejected.
const ATTEMPTS: u32 = 3;

/// An error of starting a child.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error("a child process can't be started")]
    Spawn(#[from] std::io::Error),
    #[error(
        "the child process was not ready after {START_TIMEOUT:?}; check that punctual::process::init is called first in main"
    )]
    Timeout,
    #[error(
        "the child process exited before it was ready: {0}; check that punctual::process::init is called first in main"
    )]
    Exited(ProcessTermination),
    #[error("version mismatch: the child process is {0:?}, its parent is {VERSION:?}")]
    Version(String),
    #[error("the setup of the child process failed: {0}")]
    SetupFailed(String),
    #[error(
        "task {0} is not registered in the child process; init must be called with the same tasks in every process"
    )]
    UnknownTask(TaskName),
    #[error("the pool was closed before the child process was ready")]
    Cancelled,
}

/// Starts a child, and waits until it is ready or `cancelled` completes.
pub(super) async fn start(
    options: &Options,
    cancelled: impl Future<Output = ()>,
) -> Result<ChildHandle, StartError> {
    let mut child = spawn(options)?;
    let handshake = Handshake {
        version: VERSION.into(),
        limit: options.max_message_bytes,
        nice: options.nice,
        memory: options.memory_limit,
    };
    let received = match child.send(&ToChild::Handshake(handshake)) {
        Ok(_) => tokio::select! {
            received = timeout(START_TIMEOUT, child.next()) => received.map_err(|_| StartError::Timeout),
            () = cancelled => Err(StartError::Cancelled),
        },
        Err(error) => return Err(StartError::SetupFailed(error_chain(&error).to_string())),
    };
    let error = match received {
        Ok(Some(FromChild::Ready { version, .. })) if version != VERSION => {
            StartError::Version(version)
        }
        Ok(Some(FromChild::Ready { tasks, .. })) => {
            let missing =
                registered_tasks().into_iter().flatten().find(|task| !tasks.contains(task));
            match missing {
                None => return Ok(child),
                Some(task) => StartError::UnknownTask(task.clone()),
            }
        }
        Ok(Some(FromChild::SetupFailed(reason))) => StartError::SetupFailed(reason),
        Ok(Some(other)) => {
            StartError::SetupFailed(format!("it sent an unexpected message: {other:?}"))
        }
        Ok(None) => return Err(StartError::Exited(child.reap().await)),
        Err(error) => error,
    };
    child.kill();
    child.reap().await;
    Err(error)
}

fn spawn(options: &Options) -> std::io::Result<ChildHandle> {
    let (ours, theirs) = UnixStream::pair()?;
    let inode = fstat(&theirs)?.st_ino;
    let mut command = Command::new(program()?);
    if options.env_clear {
        command.env_clear();
    }
    command
        .args(&options.args)
        .envs(options.env.iter().map(|(name, value)| (name, value)))
        .env(CHILD_ENV_VAR, format!("{inode} {}", id()))
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
    // Closes the child's end of the socket in this process.
    drop(command);
    ChildHandle::new(process, ours, options)
}

/// The path of this program, which works even if its file has been replaced or removed.
fn program() -> std::io::Result<PathBuf> {
    let running = PathBuf::from("/proc/self/exe");
    if cfg!(target_os = "linux") && running.exists() {
        return Ok(running);
    }
    std::env::current_exe()
}

/// The delay of the next attempt after failures: exponential, from 50 ms to 10 s.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
    not_before: Option<Instant>,
}

impl Backoff {
    /// Resets the backoff after a success.
    pub(super) fn reset(&mut self) {
        *self = Self::default();
    }

    /// Records a failure. The delay until the next attempt is 50 ms, and doubles with each failure up to 10 s.
    pub(super) fn failed(&mut self) {
        let wait = Duration::from_millis(50) * 2_u32.pow(self.failures.min(8));
        self.failures += 1;
        self.not_before = Some(Instant::now() + wait.min(Duration::from_secs(10)));
    }

    /// Whether attempts have failed so often that runs don't wait for the next one.
    pub(super) fn is_exhausted(&self) -> bool {
        self.failures >= ATTEMPTS && self.not_before.is_some_and(|time| Instant::now() < time)
    }

    pub(super) async fn wait(&self) {
        if let Some(time) = self.not_before {
            sleep_until(time).await;
        }
    }
}
