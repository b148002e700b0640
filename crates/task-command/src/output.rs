//! What is left of a command when it has ended.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use serde::{Deserialize, Serialize};

/// How a command ended, and what it printed: the value that `JobExecuted` shows, as JSON.
///
/// ```
/// use punctual_core::RunOutcome;
/// use punctual_task_command::CommandOutput;
///
/// # let value = serde_json::json!({"ending": {"exited": 0}, "stdout": {"head": "all well\n", "dropped": 0, "tail": ""},
/// #     "stderr": {"head": "", "dropped": 0, "tail": ""}});
/// # let outcome = RunOutcome::Success(value);
/// // `outcome` is that of a `JobExecuted` or a `JobError`.
/// let output = CommandOutput::of(&outcome).unwrap();
/// assert_eq!(output.stdout.to_string(), "all well\n");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CommandOutput {
    /// How its process ended.
    #[serde(rename = "ending")]
    pub status: CommandStatus,
    /// What it printed to its standard output.
    pub stdout: CapturedOutput,
    /// What it printed to its standard error.
    pub stderr: CapturedOutput,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CommandStatus {
    /// By itself, with this status; 0 says that all went well.
    Exited(i32),
    /// By this signal.
    Killed(i32),
}

impl CommandStatus {
    /// Whether it ended by itself with status 0.
    #[must_use]
    pub fn is_success(self) -> bool {
        self == Self::Exited(0)
    }
}

impl From<ExitStatus> for CommandStatus {
    fn from(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (None, Some(signal)) => Self::Killed(signal),
            (code, _) => Self::Exited(code.unwrap_or_else(|| status.into_raw())),
        }
    }
}

impl fmt::Display for CommandStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exited(status) => write!(f, "exit status {status}"),
            Self::Killed(signal) => write!(f, "killed by signal {signal}"),
        }
    }
}

/// One of the two streams that a command prints to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CommandStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl fmt::Display for CommandStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        })
    }
}

/// What is kept of one stream. What was not UTF-8 is replaced.
///
/// `Display` shows the two parts, with a line between them that tells how much is missing, if something is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CapturedOutput {
    /// The beginning; everything, if nothing was dropped.
    pub head: String,
    /// How many bytes after it were dropped, as they were over the limit.
    pub dropped: u64,
    /// The end; empty, if nothing was dropped.
    pub tail: String,
}

impl CapturedOutput {
    /// The end of it, at most `limit` bytes, without blanks around them.
    pub(crate) fn end(&self, limit: usize) -> &str {
        let text = if self.dropped > 0 { &self.tail } else { &self.head };
        let text = text.trim_end();
        let start = text.ceil_char_boundary(text.len().saturating_sub(limit));
        text[start..].trim_start()
    }
}

impl fmt::Display for CapturedOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.head)?;
        if self.dropped > 0 {
            write!(f, "\n[{} bytes dropped]\n{}", self.dropped, self.tail)?;
        }
        Ok(())
    }
}
