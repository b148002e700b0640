//! Tasks: named functions that jobs call.

mod closure;
mod context;
mod erased;
mod name;
mod output;
mod probe;
mod registry;
mod tasks;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use closure::ClosureTask;
pub use context::{JobContext, JobContextParts, SharedState};
pub use erased::{AnyTask, BoxFuture, TaskBody};
pub use name::TaskName;
pub use output::{TaskError, TaskOutput, TaskResult};
pub use registry::{TaskRegistration, TaskRegistry, TaskRegistryError};
pub use tasks::Tasks;

pub(crate) mod private {
    pub use super::probe::{
        FallibleKind, PlainKind, ReadableErrorKind, Returned, UnreadableErrorKind,
    };
}

use crate::codec::{Codec, CodecError, Encoded};
use crate::error::NameError;

/// A function that jobs can call by name; `#[task]` makes one of a function.
///
/// ```
/// use punctual_core::{JobContext, Task, TaskBody};
///
/// struct Add;
///
/// impl Task for Add {
///     const NAME: &'static str = "add";
///     type Args = (i64, i64);
///
///     fn body(_context: JobContext, (a, b): Self::Args) -> TaskBody {
///         TaskBody::blocking(move || Ok((a + b).into()))
///     }
/// }
/// ```
pub trait Task: Send + Sync + 'static {
    /// The name that stores keep. Renaming a task orphans its stored jobs.
    const NAME: &'static str;

    /// The arguments as one value, usually a tuple.
    type Args: Serialize + DeserializeOwned + Send + 'static;

    /// What a run with these arguments does. Called where the run starts; must not do the work itself.
    fn body(context: JobContext, args: Self::Args) -> TaskBody;

    /// An error of this task as data: what executors that run it in another process send home, where
    /// [`read_error`](Self::read_error) makes the same error of it again. `None`, as for every error unless this is
    /// written: its text has to do. `#[task]` writes both for errors that serde can write and read.
    fn write_error(_error: &TaskError) -> Option<Value> {
        None
    }

    /// The error that was [written](Self::write_error); `None` if it can't be read.
    fn read_error(_written: Value) -> Option<TaskError> {
        None
    }
}

/// A task with its arguments: what a job does when it runs.
///
/// The function that `#[task]` makes returns one; it runs nothing by itself.
#[must_use = "a call does nothing until it is added to a scheduler"]
pub struct Call<T: Task> {
    args: T::Args,
}

impl<T: Task> Call<T> {
    /// A call with these arguments.
    pub fn new(args: T::Args) -> Self {
        Self { args }
    }

    /// The arguments, for those who want to run the task themselves.
    pub fn into_args(self) -> T::Args {
        self.args
    }
}

impl<T: Task> std::fmt::Debug for Call<T> {
    /// Shows the task, not the arguments: they can be secrets.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Call({})", T::NAME)
    }
}

/// Arguments whose type has been erased until a codec is chosen.
type EncodeArgs = Box<dyn FnOnce(Codec) -> Result<Encoded, CodecError> + Send>;

/// What a job does, whatever it was made from: a task with arguments, or a closure.
pub struct Action {
    pub(crate) registration: Result<TaskRegistration, NameError>,
    pub(crate) encode: EncodeArgs,
}

impl std::fmt::Debug for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Action").field("registration", &self.registration).finish_non_exhaustive()
    }
}

/// What can be made into a job: a [`Call`] of a task, or a closure for stores that live in memory.
///
/// `M` tells the forms apart and is always inferred.
#[diagnostic::on_unimplemented(
    message = "a job can't be made of this",
    label = "neither a call of a `#[task]` nor a closure that can be a job",
    note = "a job is a call of a `#[task]`, such as `send_mail(\"ann\".into())`, or a closure without a parameter or with a `JobContext`",
    note = "what a closure returns, or its future, must be nothing, a `Result`, or a plain value (see `TaskOutput`); a `#[task]` may return anything that serde can write"
)]
pub trait IntoAction<M> {
    /// Erases the types.
    fn into_action(self) -> Action;
}

/// Marks [`Call`]s for [`IntoAction`].
#[derive(Debug)]
pub struct CallMarker;

impl<T: Task> IntoAction<CallMarker> for Call<T> {
    fn into_action(self) -> Action {
        Action {
            registration: TaskRegistration::of::<T>(),
            encode: Box::new(move |codec| codec.encode(&self.args)),
        }
    }
}

/// A function made by `#[task]`, of any number of parameters: what `.task(send_mail)` takes.
///
/// `M` is the parameters' types and always inferred.
#[diagnostic::on_unimplemented(
    message = "this is no function made by `#[task]`",
    label = "not a `#[task]`",
    note = "name the function itself, as in `.task(send_mail)`; closures can't be known again after a restart"
)]
pub trait TaskFn<M> {
    /// The task that the function makes calls of.
    type Task: Task;

    /// How the task is made known. Tasks that are values and not functions, such as built-in ones with
    /// settings, answer [`TaskRegistration::configured`].
    ///
    /// # Errors
    ///
    /// When the task's name is not valid.
    fn registration(self) -> Result<TaskRegistration, NameError>
    where
        Self: Sized,
    {
        TaskRegistration::of::<Self::Task>()
    }
}

macro_rules! task_fn {
    ($($arg:ident),*) => {
        impl<F, T, $($arg),*> TaskFn<(T, $($arg,)*)> for F
        where
            F: Fn($($arg),*) -> Call<T>,
            T: Task,
        {
            type Task = T;
        }
    };
}
task_fn!();
task_fn!(A1);
task_fn!(A1, A2);
task_fn!(A1, A2, A3);
task_fn!(A1, A2, A3, A4);
task_fn!(A1, A2, A3, A4, A5);
task_fn!(A1, A2, A3, A4, A5, A6);
task_fn!(A1, A2, A3, A4, A5, A6, A7);
task_fn!(A1, A2, A3, A4, A5, A6, A7, A8);
