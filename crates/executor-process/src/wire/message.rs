//! What is said. Both ends are the same executable, so the words may change with any version.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use punctual_core::{
    Alias, CodecError, DynTask, Encoded, JobContext, JobContextParts, JobId, Run, RunId,
    RunOutcome, TaskName, Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{RemoteError, ResultTooLong};

/// Both ends must have the same.
pub(crate) const VERSION: &str = concat!("punctual ", env!("CARGO_PKG_VERSION"), " pipe 1");

/// From the pool to a child.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum ToChild {
    /// The first message.
    Welcome(Welcome),
    /// Run this after those before it.
    Run(Order),
    /// Ask this run to end.
    Cancel(u128),
    /// Give back all runs that have not begun.
    Recall,
    /// What the run before has printed has been read: go on.
    OutputRead,
    /// End when the run under way is over.
    Stop,
}

/// What a child is told about itself.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Welcome {
    pub(crate) version: String,
    /// The longest message.
    pub(crate) limit: usize,
    /// How nice to be, in addition to the parent.
    pub(crate) nice: i32,
    /// How many bytes of memory may be allocated.
    pub(crate) memory: Option<u64>,
}

/// From a child to the pool.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum FromChild {
    /// The first message: it can run these tasks.
    Ready { version: String, tasks: Vec<TaskName> },
    /// The first message: it can't run anything, for this reason.
    Unable(String),
    /// The run has ended, and the next one has begun, if there is one. If it has `printed` something that
    /// has not been read yet, the next one waits for [`ToChild::OutputRead`].
    Ended { run: u128, ending: CommandStatus, printed: bool },
    /// So many of the runs sent last come back.
    Recalled(usize),
}

/// A run on its way into a child.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) run: u128,
    pub(crate) task: TaskName,
    pub(crate) args: Encoded,
    job_id: JobId,
    job_store: Alias,
    scheduled_time: Timestamp,
    attempt: u32,
}

impl Order {
    pub(crate) fn of(run: &Run) -> Self {
        let context = run.context();
        Self {
            run: context.run_id().as_u128(),
            task: run.task().clone(),
            args: run.args().clone(),
            job_id: context.job_id().clone(),
            job_store: context.job_store().clone(),
            scheduled_time: context.scheduled_time(),
            attempt: context.attempt(),
        }
    }

    /// The context that the task gets in the child.
    pub(crate) fn context(&self) -> JobContext {
        let (id, alias) = (self.job_id.clone(), self.job_store.clone());
        let run_id = RunId::from_u128(self.run);
        let parts = JobContextParts::new(id, alias, run_id, self.scheduled_time);
        JobContext::new(parts.with_attempt(self.attempt))
    }
}

/// How a run ended in the child.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum CommandStatus {
    /// The value, as JSON.
    Success(String),
    /// The error, and what its task can read it from, as JSON.
    Failed {
        error: RemoteError,
        written: Option<String>,
    },
    /// What the task returned, value or error, is longer than this.
    TooLong(usize),
    Panicked(String),
    InvalidArguments(RemoteError),
    /// It was asked to end before it began.
    Lost,
    /// The child does not know the task.
    Unknown,
}

impl CommandStatus {
    /// How a run of this task ended, if that can be said in so many bytes.
    pub(crate) fn of(outcome: Option<RunOutcome>, task: &dyn DynTask, limit: usize) -> Self {
        match outcome {
            Some(RunOutcome::Success(value)) => match json(&value, limit) {
                Some(json) => Self::Success(json),
                None => Self::TooLong(limit),
            },
            Some(RunOutcome::Failed(error)) => Self::Failed {
                error: RemoteError::of(&**error),
                written: task.write_error(&error).and_then(|written| json(&written, limit)),
            },
            Some(RunOutcome::Panicked(text)) => Self::Panicked(text),
            Some(RunOutcome::InvalidArguments(error)) => {
                // Told again by the pool's own error around it.
                Self::InvalidArguments(RemoteError::of(match &*error {
                    CodecError::Decode(source) => &**source,
                    other => other,
                }))
            }
            _ => Self::Lost,
        }
    }

    /// The same in fewer bytes, as it takes more than so many.
    pub(crate) fn shortened(self, limit: usize) -> Self {
        match self {
            Self::Failed { error, written: Some(_) } => Self::Failed { error, written: None },
            Self::Panicked(mut text) if text.len() > limit / 2 => {
                text.truncate(text.floor_char_boundary(limit / 2));
                Self::Panicked(text)
            }
            _ => Self::TooLong(limit),
        }
    }

    /// The same for those who did not see it.
    pub(crate) fn into_outcome(self, task: &dyn DynTask) -> RunOutcome {
        match self {
            Self::Success(json) => match serde_json::from_str(&json) {
                Ok(value) => RunOutcome::Success(value),
                // Such as one that is nested too deeply: written without a limit, read with one.
                Err(error) => {
                    let error = format!("its result can't be read: {error}");
                    RunOutcome::Failed(Arc::new(error.into()))
                }
            },
            Self::Failed { error, written } => {
                let written = written.and_then(|json| serde_json::from_str(&json).ok());
                // The task's own code must not cost the pool its thread.
                let read = || written.and_then(|written| task.read_error(written));
                let read = catch_unwind(AssertUnwindSafe(read)).ok().flatten();
                RunOutcome::Failed(Arc::new(read.unwrap_or_else(|| error.into())))
            }
            Self::TooLong(limit) => RunOutcome::Failed(Arc::new(ResultTooLong { limit }.into())),
            Self::Panicked(text) => RunOutcome::Panicked(text),
            Self::InvalidArguments(error) => {
                RunOutcome::InvalidArguments(Arc::new(CodecError::Decode(error.into())))
            }
            Self::Lost => RunOutcome::Lost,
            Self::Unknown => RunOutcome::Refused("the child process does not know the task".into()),
        }
    }
}

/// A value as JSON, if that takes no more than so many bytes.
fn json(value: &Value, limit: usize) -> Option<String> {
    let mut json = Limited { bytes: Vec::new(), limit };
    serde_json::to_writer(&mut json, value).ok()?;
    String::from_utf8(json.bytes).ok()
}

/// Takes no more bytes than it may, so that a huge value is not written out first and then refused.
struct Limited {
    bytes: Vec<u8>,
    limit: usize,
}

impl io::Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + bytes.len() > self.limit {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
