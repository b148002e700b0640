//! The messages of the protocol. Both ends are the same executable, so the format can change with any version.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use punctual_core::{
    Alias, CodecError, DynTask, Encoded, JobContext, JobContextParts, JobId, RetryHint, Run, RunId,
    RunOutcome, TaskError, TaskName, Timestamp,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{RemoteError, ResultTooLong};

/// The version of the protocol. Both ends must have the same one.
pub(crate) const VERSION: &str = concat!("punctual ", env!("CARGO_PKG_VERSION"), " pipe 1");

/// A message from the pool to a child.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum ToChild {
    /// The first message.
    Handshake(Handshake),
    /// Execute this run after those that were sent before it.
    Run(RunRequest),
    /// Cancel this run.
    Cancel(u128),
    /// Return all runs that have not started.
    ReturnQueued,
    /// The output of the previous run has been read: the next one can start.
    OutputRead,
    /// Exit when the current run has finished.
    Stop,
}

/// The settings of a child.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Handshake {
    pub(crate) version: String,
    /// The maximum size of a message in bytes.
    pub(crate) limit: usize,
    /// The nice value, in addition to the parent's.
    pub(crate) nice: i32,
    /// The memory limit (`RLIMIT_DATA`) in bytes.
    pub(crate) memory: Option<u64>,
}

/// A message from a child to the pool.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum FromChild {
    /// The first message: the child can execute runs of these tasks.
    Ready { version: String, tasks: Vec<TaskName> },
    /// The first message if the setup of the child failed, with the reason.
    SetupFailed(String),
    /// The run has finished, and the next one, if there is one, has started. If `output_pending` is set, output of the
    /// finished run is still in the pipe, and the next run waits for [`ToChild::OutputRead`].
    Finished { run: u128, result: RunResult, output_pending: bool },
    /// The number of runs that are returned, which are those that were sent last.
    QueuedReturned(usize),
}

/// A run as it is sent to a child.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RunRequest {
    pub(crate) run: u128,
    pub(crate) task: TaskName,
    pub(crate) args: Encoded,
    job_id: JobId,
    job_store: Alias,
    scheduled_time: Timestamp,
    attempt: u32,
}

impl RunRequest {
    pub(crate) fn from_run(run: &Run) -> Self {
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

    /// Creates the context of the run in the child.
    pub(crate) fn context(&self) -> JobContext {
        let (id, alias) = (self.job_id.clone(), self.job_store.clone());
        let run_id = RunId::from_u128(self.run);
        let parts = JobContextParts::new(id, alias, run_id, self.scheduled_time);
        JobContext::new(parts.with_attempt(self.attempt))
    }
}

/// What an error says about retries.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) enum Hint {
    Permanent,
    After(Duration),
}

impl Hint {
    fn of(error: &TaskError) -> Option<Self> {
        match RetryHint::of(error)? {
            RetryHint::Permanent => Some(Self::Permanent),
            RetryHint::After(delay) => Some(Self::After(delay)),
            _ => None,
        }
    }

    fn add_to(self, error: TaskError) -> TaskError {
        match self {
            Self::Permanent => RetryHint::Permanent.add_to(error),
            Self::After(delay) => RetryHint::After(delay).add_to(error),
        }
    }
}

/// The outcome of a run in a child.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum RunResult {
    /// The returned value, as JSON.
    Success(String),
    /// The error, and its encoding by the task (JSON) if there is one.
    Failed {
        error: RemoteError,
        encoded_error: Option<String>,
        /// What the error says about retries.
        hint: Option<Hint>,
    },
    /// The returned value or error is longer than this limit in bytes.
    TooLong(usize),
    Panicked(String),
    InvalidArguments(RemoteError),
    /// It was cancelled before it started.
    Lost,
    /// The task is not registered in the child.
    UnknownTask,
}

impl RunResult {
    /// Converts the outcome of a run of `task` into at most `limit` bytes.
    pub(crate) fn from_outcome(
        outcome: Option<RunOutcome>,
        task: &dyn DynTask,
        limit: usize,
    ) -> Self {
        match outcome {
            Some(RunOutcome::Success(value)) => match json(&value, limit) {
                Some(json) => Self::Success(json),
                None => Self::TooLong(limit),
            },
            Some(RunOutcome::Failed(error)) => Self::Failed {
                error: RemoteError::from_error(&**error),
                encoded_error: task.write_error(&error).and_then(|encoded| json(&encoded, limit)),
                hint: Hint::of(&error),
            },
            Some(RunOutcome::Panicked(text)) => Self::Panicked(text),
            Some(RunOutcome::InvalidArguments(error)) => {
                // The pool wraps the source in a `CodecError::Decode` again.
                Self::InvalidArguments(RemoteError::from_error(match &*error {
                    CodecError::Decode(source) => &**source,
                    other => other,
                }))
            }
            _ => Self::Lost,
        }
    }

    /// Returns a shorter result after this one exceeded `limit`.
    pub(crate) fn truncate_to(self, limit: usize) -> Self {
        match self {
            Self::Failed { error, encoded_error: Some(_), hint } => {
                Self::Failed { error, encoded_error: None, hint }
            }
            Self::Panicked(mut text) if text.len() > limit / 2 => {
                text.truncate(text.floor_char_boundary(limit / 2));
                Self::Panicked(text)
            }
            _ => Self::TooLong(limit),
        }
    }

    /// Converts the result into the outcome that is reported in the parent.
    pub(crate) fn into_outcome(self, task: &dyn DynTask) -> RunOutcome {
        match self {
            Self::Success(json) => match serde_json::from_str(&json) {
                Ok(value) => RunOutcome::Success(value),
                // For example, its nesting is too deep: only the decoder limits the depth.
                Err(error) => {
                    let error = format!("can't decode the task's result: {error}");
                    RunOutcome::Failed(Arc::new(error.into()))
                }
            },
            Self::Failed { error, encoded_error, hint } => {
                let encoded_error = encoded_error.and_then(|json| serde_json::from_str(&json).ok());
                // This calls code of the task; its panic must not end the pool's thread.
                let decode =
                    || encoded_error.and_then(|encoded_error| task.read_error(encoded_error));
                let decoded = catch_unwind(AssertUnwindSafe(decode)).ok().flatten();
                let error = decoded.unwrap_or_else(|| error.into());
                let error = match hint {
                    Some(hint) => hint.add_to(error),
                    None => error,
                };
                RunOutcome::Failed(Arc::new(error))
            }
            Self::TooLong(limit) => RunOutcome::Failed(Arc::new(ResultTooLong { limit }.into())),
            Self::Panicked(text) => RunOutcome::Panicked(text),
            Self::InvalidArguments(error) => {
                RunOutcome::InvalidArguments(Arc::new(CodecError::Decode(error.into())))
            }
            Self::Lost => RunOutcome::Lost,
            Self::UnknownTask => {
                RunOutcome::Refused("the task is not registered in the child process".into())
            }
        }
    }
}

/// Encodes a value as JSON, if that takes at most `limit` bytes.
fn json(value: &Value, limit: usize) -> Option<String> {
    let mut json = LimitedWriter { bytes: Vec::new(), limit };
    serde_json::to_writer(&mut json, value).ok()?;
    String::from_utf8(json.bytes).ok()
}

/// A writer that fails beyond `limit` bytes, so that a huge value is not encoded completely before it is rejected.
struct LimitedWriter {
    bytes: Vec<u8>,
    limit: usize,
}

impl io::Write for LimitedWriter {
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
