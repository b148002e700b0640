//! What the tests have in common.

use std::fs::{self, File};
use std::future::pending;
use std::io::Read;
use std::path::{Path, PathBuf};

use punctual_task_command::{Command, CommandError, CommandOutput};
use tempfile::TempDir;

pub(crate) async fn run(command: &Command) -> Result<CommandOutput, CommandError> {
    command.run(pending()).await
}

pub(crate) async fn error(command: &Command) -> CommandError {
    run(command).await.unwrap_err()
}

/// Tells whether processes are still there: those that hold its end of a pipe.
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

    /// What a shell has to say to hold it, with all that it starts afterwards.
    pub(crate) fn script(&self) -> String {
        format!("exec 3> {};", self.path().display())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Holds it ourselves, for who waits for somebody to hold it: nobody may have come to it.
    pub(crate) fn hold(&self) -> File {
        fs::OpenOptions::new().read(true).write(true).open(&self.path).unwrap()
    }

    /// Waits until somebody holds it.
    pub(crate) fn wait(&self) -> File {
        fs::File::open(&self.path).unwrap()
    }
}

/// Waits until nobody holds it any more; answers what was written to it.
pub(crate) fn rest(mut held: File) -> String {
    let mut text = String::new();
    held.read_to_string(&mut text).unwrap();
    text
}
