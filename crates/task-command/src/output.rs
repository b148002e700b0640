//! The result of a command.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use serde::{Deserialize, Serialize};

/// The exit status and the output of a command. Serialized as JSON, it is the value of `RunOutcome::Success`.
///
/// ```
/// use punctual_core::RunOutcome;
/// use punctual_task_command::CommandOutput;
///
/// # let value = serde_json::json!({"ending": {"exited": 0}, "stdout": {"head": "done\n", "dropped": 0, "tail": ""},
/// #     "stderr": {"head": "", "dropped": 0, "tail": ""}});
/// # let outcome = RunOutcome::Success(value);
/// // `outcome` is the outcome in a `JobExecuted` or `JobError` event.
/// let output = CommandOutput::of(&outcome).unwrap();
/// assert_eq!(output.stdout.to_string(), "done\n");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CommandOutput {
    /// The exit status.
    #[serde(rename = "ending")]
    pub status: CommandStatus,
    /// The captured standard output.
    pub stdout: CapturedOutput,
    /// The captured standard error.
    pub stderr: CapturedOutput,
}

/// The exit status of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CommandStatus {
    /// It exited with this status; 0 means success.
    Exited(i32),
    /// It was killed by this signal.
    Killed(i32),
}

impl CommandStatus {
    /// Whether it exited with status 0.
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

/// The kept part of one stream. Invalid UTF-8 is replaced by U+FFFD.
///
/// `Display` shows both parts; if bytes were dropped, a line between them shows their number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CapturedOutput {
    /// The beginning; the whole output if nothing was dropped.
    pub head: String,
    /// The number of bytes after `head` that were dropped because of the limit.
    pub dropped: u64,
    /// The end; empty if nothing was dropped.
    pub tail: String,
}

impl CapturedOutput {
    /// Returns the end of the text, at most `limit` bytes, trimmed.
    pub(crate) fn tail_excerpt(&self, limit: usize) -> &str {
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
