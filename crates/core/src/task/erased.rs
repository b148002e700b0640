//! Type-erased tasks, as stored in the registry.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;

use serde_json::Value;

use super::{JobContext, Task, TaskError, TaskResult};
use crate::codec::{CodecError, Encoded};

/// A boxed future that can be sent between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The work of one run.
pub enum TaskBody {
    /// Work that blocks its thread.
    Blocking(Box<dyn FnOnce() -> TaskResult + Send>),
    /// A future, polled on an async runtime.
    Async(BoxFuture<'static, TaskResult>),
}

impl TaskBody {
    /// Creates a body from a function that blocks its thread.
    pub fn blocking(work: impl FnOnce() -> TaskResult + Send + 'static) -> Self {
        Self::Blocking(Box::new(work))
    }

    /// Creates a body from a future.
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

/// An object-safe [`Task`]: its argument types are erased.
pub trait DynTask: Send + Sync + 'static {
    /// Builds the work of one run from encoded arguments, without executing it.
    ///
    /// # Errors
    ///
    /// Returns an error if the arguments can't be decoded as the type that the task takes.
    fn body(&self, context: JobContext, args: &Encoded) -> Result<TaskBody, CodecError>;

    /// Checks that the arguments can be decoded as the type that the task takes.
    ///
    /// # Errors
    ///
    /// Returns an error if they can't.
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

/// Adapts a [`Task`] to the object-safe trait.
pub(super) struct TypedTask<T>(PhantomData<fn() -> T>);

impl<T> TypedTask<T> {
    pub(super) const fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T: Task> DynTask for TypedTask<T> {
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
