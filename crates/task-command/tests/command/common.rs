//! Helpers of the tests.

use std::fs::{self, File};
use std::future::pending;
use std::io::Read;
use std::path::{Path, PathBuf};

use punctual_task_command::{CommandError, CommandOutput, JobCommand};
use tempfile::TempDir;

pub(crate) async fn run(command: &JobCommand) -> Result<CommandOutput, CommandError> {
    command.run(pending()).await
}

pub(crate) async fn error(command: &JobCommand) -> CommandError {
    run(command).await.unwrap_err()
}

/// A FIFO that detects whether processes are still running: those that have it open for writing.
pub(crate) struct Held {
    _folder: TempDir,
    path: PathBuf,
}

impl Held {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("fifo");
        let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        Self { _folder: folder, path }
    }

    /// The shell command that opens the FIFO in the shell and all processes that it starts afterwards.
    pub(crate) fn script(&self) -> String {
        format!("exec 3> {};", self.path().display())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the FIFO in this process, so that [`wait`](Self::wait) returns even if no other process has opened it.
    pub(crate) fn hold(&self) -> File {
        fs::OpenOptions::new().read(true).write(true).open(&self.path).unwrap()
    }

    /// Waits until a process has opened the FIFO for writing.
    pub(crate) fn wait(&self) -> File {
        fs::File::open(&self.path).unwrap()
    }
}

/// Waits until no process has the FIFO open for writing. Returns the data that was written to it.
pub(crate) fn rest(mut held: File) -> String {
    let mut text = String::new();
    held.read_to_string(&mut text).unwrap();
    text
}
