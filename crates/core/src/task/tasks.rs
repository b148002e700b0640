//! A list of tasks, for those who need it in two places.

use super::{Task, TaskFn, TaskRegistration};
use crate::error::NameError;

/// Tasks that a program names once, for its scheduler and for the child processes that run its jobs.
///
/// Names are checked by whoever takes the list.
///
/// ```
/// use punctual_core::{Call, JobContext, Task, TaskBody, Tasks};
///
/// // What `#[task]` makes of `fn add(a: i64, b: i64) -> i64`.
/// # struct Add;
/// # impl Task for Add {
/// #     const NAME: &'static str = "add";
/// #     type Args = (i64, i64);
/// #     fn body(_: JobContext, (a, b): (i64, i64)) -> TaskBody {
/// #         TaskBody::blocking(move || Ok((a + b).into()))
/// #     }
/// # }
/// fn add(a: i64, b: i64) -> Call<Add> {
///     Call::new((a, b))
/// }
///
/// let tasks = Tasks::new().task(add);
/// assert_eq!(tasks.registrations().count(), 1);
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Tasks {
    registrations: Vec<Result<TaskRegistration, NameError>>,
}

impl Tasks {
    /// No tasks.
    pub fn new() -> Self {
        Self::default()
    }

    /// These and one more, with its settings if it has any.
    pub fn task<F, M>(mut self, task: F) -> Self
    where
        F: TaskFn<M>,
    {
        self.registrations.push(task.registration());
        self
    }

    /// These and one more, by its type.
    pub fn task_type<T: Task>(mut self) -> Self {
        self.registrations.push(TaskRegistration::of::<T>());
        self
    }

    /// Each task, or what is wrong with its name.
    pub fn registrations(&self) -> impl Iterator<Item = Result<TaskRegistration, NameError>> {
        self.registrations.iter().cloned()
    }
}
