//! Tasks with their types erased, as the registry keeps them.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

use serde_json::Value;

use super::{JobContext, Task, TaskError, TaskResult};
use crate::codec::{CodecError, Encoded};

/// A boxed future that can move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What one run does.
pub enum TaskBody {
    /// Work that blocks its thread.
    Blocking(Box<dyn FnOnce() -> TaskResult + Send>),
    /// Work that waits on a runtime.
    Async(BoxFuture<'static, TaskResult>),
}

impl TaskBody {
    /// Work that blocks its thread until it is done.
    pub fn blocking(work: impl FnOnce() -> TaskResult + Send + 'static) -> Self {
        Self::Blocking(Box::new(work))
    }

    /// Work that waits on a runtime.
    pub fn future(work: impl Future<Output = TaskResult> + Send + 'static) -> Self {
        Self::Async(Box::pin(work))
    }
}

impl fmt::Debug for TaskBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Blocking(_) => "Blocking",
            Self::Async(_) => "Async",
        })
    }
}

/// A task whose types have been erased.
pub trait AnyTask: Send + Sync + 'static {
    /// What a run with these arguments does.
    ///
    /// # Errors
    ///
    /// When the arguments are not of the task's type.
    fn body(&self, context: JobContext, args: &Encoded) -> Result<TaskBody, CodecError>;

    /// Checks that the arguments are of the task's type, without running anything.
    ///
    /// # Errors
    ///
    /// When they are not.
    fn check(&self, args: &Encoded) -> Result<(), CodecError>;

    /// See [`Task::write_error`].
    fn write_error(&self, _error: &TaskError) -> Option<Value> {
        None
    }

    /// See [`Task::read_error`].
    fn read_error(&self, _written: Value) -> Option<TaskError> {
        None
    }
}

/// Erases a typed task.
pub(super) struct Erased<T>(PhantomData<fn() -> T>);

impl<T> Erased<T> {
    pub(super) const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T: Task> AnyTask for Erased<T> {
    fn body(&self, context: JobContext, args: &Encoded) -> Result<TaskBody, CodecError> {
        Ok(T::body(context, args.decode()?))
    }

    fn check(&self, args: &Encoded) -> Result<(), CodecError> {
        args.decode::<T::Args>().map(drop)
    }
    fn write_error(&self, error: &TaskError) -> Option<Value> {
        T::write_error(error)
    }

    fn read_error(&self, written: Value) -> Option<TaskError> {
        T::read_error(written)
    }
}
