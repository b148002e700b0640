//! Tasks: named functions that jobs call.

mod autoref_specialization;
mod closure;
mod context;
mod erased;
mod name;
mod output;
mod registry;
mod retry;
mod schedule;
mod tasks;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use closure::ClosureTask;
pub use context::{AppData, CancelReason, JobContext, JobContextParts};
pub use erased::{BoxFuture, DynTask, TaskBody};
pub use name::TaskName;
pub use output::{TaskError, TaskOutput, TaskResult};
pub use registry::{TaskRegistration, TaskRegistry, TaskRegistryError};
pub use retry::{PermanentError, RetryAfter, RetryHint};
pub use schedule::{DeclaredTrigger, TaskSchedule};
pub use tasks::Tasks;

pub(crate) mod private {
    /// The task of calls of a function that `#[task]` rejected. Nothing else in the program is an error because of it.
    #[derive(Debug)]
    pub enum InvalidTask {}

    impl super::Task for InvalidTask {
        const NAME: &'static str = "";
        type Args = ();

        fn body(_: super::JobContext, (): ()) -> super::TaskBody {
            unreachable!("a program with this task does not compile")
        }
    }

    pub use super::autoref_specialization::{
        FallibleKind, PlainKind, ReadableErrorKind, Returned, UnreadableErrorKind,
    };
}

use crate::codec::{Codec, CodecError, Encoded};
use crate::error::NameError;

/// A function that jobs call by name; `#[task]` generates the implementation for a function.
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
    /// The name of the task in stores. Stored jobs of a renamed task are no longer runnable.
    const NAME: &'static str;

    /// The type of the arguments, usually a tuple.
    type Args: Serialize + DeserializeOwned + Send + 'static;

    /// The schedule that is declared with the task, if any. Its job has no arguments.
    const SCHEDULE: Option<TaskSchedule> = None;

    /// Builds the work of one run. The executor calls this method when it prepares the run; the method must return
    /// without executing the work.
    fn body(context: JobContext, args: Self::Args) -> TaskBody;

    /// Serializes an error of this task. An executor that runs the task in another process sends this value to the
    /// process of the scheduler, which restores the error with [`read_error`](Self::read_error). The default
    /// implementation returns `None`; the error is then transferred as text. `#[task]` implements both methods for
    /// error types that implement `Serialize` and `DeserializeOwned`.
    fn write_error(_error: &TaskError) -> Option<Value> {
        None
    }

    /// Restores an error that [`write_error`](Self::write_error) has serialized. Returns `None` if the value can't be
    /// deserialized.
    fn read_error(_written: Value) -> Option<TaskError> {
        None
    }
}

/// A task with its arguments: the call that a job makes in each run.
///
/// The function that `#[task]` generates returns a `Call`. Creating a call does not execute the task.
#[must_use = "a call does nothing until it is added to a scheduler"]
pub struct Call<T: Task> {
    args: T::Args,
}

impl<T: Task> Call<T> {
    /// Creates a call with the given arguments.
    pub fn new(args: T::Args) -> Self {
        Self { args }
    }

    /// Returns the arguments.
    pub fn into_args(self) -> T::Args {
        self.args
    }
}

impl<T: Task> std::fmt::Debug for Call<T> {
    /// Omits the arguments, which may be confidential.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Call({})", T::NAME)
    }
}

/// Encodes the type-erased arguments with the given codec.
type EncodeArgs = Box<dyn FnOnce(Codec) -> Result<Encoded, CodecError> + Send>;

/// A task call or a closure whose types are erased.
pub struct Action {
    registration: Result<TaskRegistration, NameError>,
    encode: EncodeArgs,
}

impl Action {
    /// Creates an action whose arguments are encoded already.
    fn encoded(registration: TaskRegistration, args: Encoded) -> Self {
        Self { registration: Ok(registration), encode: Box::new(move |_| Ok(args)) }
    }

    /// Returns the task that the job runs.
    ///
    /// # Errors
    ///
    /// Returns [`NameError`] if the name of the task is invalid.
    pub fn registration(&self) -> Result<TaskRegistration, NameError> {
        self.registration.clone()
    }

    /// Encodes the arguments of the call.
    ///
    /// # Errors
    ///
    /// Returns [`CodecError`] if the arguments can't be encoded.
    pub fn encode_args(self, codec: Codec) -> Result<Encoded, CodecError> {
        (self.encode)(codec)
    }
}

impl std::fmt::Debug for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Action").field("registration", &self.registration).finish_non_exhaustive()
    }
}

/// Conversion into an [`Action`]: implemented for [`Call`]s of tasks, for closures, which only non-persistent stores
/// accept, and for [`Action`] itself, which [`TaskRegistration::call`] creates from data.
///
/// `M` distinguishes the implementations and is always inferred.
#[diagnostic::on_unimplemented(
    message = "this can't be used as a job",
    label = "neither a call of a `#[task]` nor a supported closure",
    note = "a job is a call of a `#[task]`, such as `send_mail(\"ann\".into())`, or a closure without parameters or with a `JobContext` parameter",
    note = "a closure, or its future, must return nothing, a `Result` or a type that implements `TaskOutput`; a `#[task]` may return any type that implements `Serialize`",
    note = "an error must be `Send + Sync`: `Box<dyn Error + Send + Sync>` instead of `Box<dyn Error>`"
)]
pub trait IntoAction<M> {
    /// Erases the types.
    fn into_action(self) -> Action;
}

/// Marks [`Action`]s for [`IntoAction`].
#[derive(Debug)]
pub struct ActionMarker;

impl IntoAction<ActionMarker> for Action {
    fn into_action(self) -> Action {
        self
    }
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

/// A function generated by `#[task]`, with any supported number of parameters: the argument of `.task(send_mail)`.
///
/// `M` represents the parameter types and is always inferred.
#[diagnostic::on_unimplemented(
    message = "this is not a function generated by `#[task]`",
    label = "not a `#[task]`",
    note = "pass the function itself, as in `.task(send_mail)`; a closure can't be restored after a restart"
)]
pub trait TaskFn<M> {
    /// The task of the [`Call`]s that the function returns.
    type Task: Task;

    /// Returns the registration of the task. A task with settings returns [`TaskRegistration::configured`].
    ///
    /// # Errors
    ///
    /// Returns [`NameError`] if the name of the task is invalid.
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
