//! The registry that maps task names to tasks.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use super::erased::TypedTask;
use super::{Action, DynTask, Task, TaskName, TaskSchedule};
use crate::codec::{Codec, CodecError, Encoded};
use crate::error::NameError;

/// A task with the name under which it is registered.
#[derive(Clone)]
pub struct TaskRegistration {
    name: TaskName,
    task: Arc<dyn DynTask>,
    /// The Rust type. Distinguishes a repeated registration from another task of the same name.
    type_name: &'static str,
    schedule: Option<TaskSchedule>,
    kind: RegistrationKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RegistrationKind {
    /// A typed task without settings.
    Plain,
    /// A typed task with settings.
    Configured,
    /// A closure.
    Transient,
}

impl TaskRegistration {
    /// Creates the registration of a typed task.
    ///
    /// # Errors
    ///
    /// Returns [`NameError`] if the name of the task is invalid.
    pub fn of<T: Task>() -> Result<Self, NameError> {
        Ok(Self {
            name: TaskName::new(T::NAME)?,
            task: Arc::new(TypedTask::<T>::new()),
            type_name: std::any::type_name::<T>(),
            schedule: T::SCHEDULE,
            kind: RegistrationKind::Plain,
        })
    }

    /// Creates the registration of a typed task that is executed by `task`, a value with settings. Calls of `T` that
    /// are added later do not replace the settings.
    ///
    /// # Errors
    ///
    /// Returns [`NameError`] if the name of the task is invalid.
    pub fn configured<T: Task>(task: impl DynTask) -> Result<Self, NameError> {
        Ok(Self { task: Arc::new(task), kind: RegistrationKind::Configured, ..Self::of::<T>()? })
    }

    /// Creates the registration of a closure, which only this process can run. It is removed with its job.
    pub(super) fn transient(name: TaskName, task: Arc<dyn DynTask>) -> Self {
        let kind = RegistrationKind::Transient;
        Self { name, task, type_name: "closure", schedule: None, kind }
    }

    /// Creates a call of the task from arguments that are data, for jobs that are read from a file. The arguments are
    /// checked, and stored as JSON.
    ///
    /// `args` is what serde expects for the task's arguments: a list with an entry for each parameter of a `#[task]`.
    /// An empty list is also accepted if the task has no parameters.
    ///
    /// ```
    /// use punctual_core::{JobContext, Task, TaskBody, TaskRegistration};
    /// use serde_json::json;
    ///
    /// # struct Add;
    /// # impl Task for Add {
    /// #     const NAME: &'static str = "add";
    /// #     type Args = (i64, i64);
    /// #     fn body(_: JobContext, (a, b): (i64, i64)) -> TaskBody {
    /// #         TaskBody::blocking(move || Ok((a + b).into()))
    /// #     }
    /// # }
    /// // A task with two numbers as arguments.
    /// let add = TaskRegistration::of::<Add>()?;
    /// assert!(add.call(&json!([1, 2])).is_ok());
    /// assert!(add.call(&json!([1, "two"])).is_err());
    /// # Ok::<(), punctual_core::NameError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns [`CodecError`] if the arguments can't be decoded as the type that the task takes.
    pub fn call(&self, args: &serde_json::Value) -> Result<Action, CodecError> {
        let encoded = match args.as_array() {
            Some(list) => self.encode_list(list)?,
            None => {
                let encoded = Codec::Json.encode(args)?;
                self.task.check(&encoded)?;
                encoded
            }
        };
        // A registration with settings must not be repeated.
        let kind = match self.kind {
            RegistrationKind::Configured => RegistrationKind::Plain,
            kind => kind,
        };
        Ok(Action::encoded(Self { kind, ..self.clone() }, encoded))
    }

    /// Encodes a list of arguments.
    fn encode_list(&self, args: &[serde_json::Value]) -> Result<Encoded, CodecError> {
        let encode = |args: &[serde_json::Value]| {
            let encoded = Codec::Json.encode(args)?;
            match self.task.check(&encoded) {
                // The arguments of a task without parameters are `()`.
                Err(error) if args.is_empty() => {
                    let encoded = Codec::Json.encode(&())?;
                    self.task.check(&encoded).map_err(|_| error)?;
                    Ok(encoded)
                }
                checked => checked.map(|()| encoded),
            }
        };
        encode(args).map_err(|error| {
            // The text of a decoder does not say that there are too many.
            match (0..args.len()).rev().find(|&count| encode(&args[..count]).is_ok()) {
                Some(0) => CodecError::decode("the task has no parameters"),
                Some(count) => CodecError::decode(format!(
                    "the number of arguments is {}, and that of the task's parameters {count}",
                    args.len()
                )),
                None => error,
            }
        })
    }

    /// Returns the name of the task in stores.
    #[must_use]
    pub fn name(&self) -> &TaskName {
        &self.name
    }

    /// Returns the schedule that is declared with the task, if any.
    #[must_use]
    pub fn schedule(&self) -> Option<TaskSchedule> {
        self.schedule
    }

    /// Returns whether the task is a closure, which no other process can run.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.kind == RegistrationKind::Transient
    }
}

impl fmt::Debug for TaskRegistration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskRegistration")
            .field("name", &self.name)
            .field("type", &self.type_name)
            .finish_non_exhaustive()
    }
}

/// Two different tasks have the same name.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the task name {name} is already registered for {registered}; {}",
    ConflictHint(registered, refused)
)]
#[non_exhaustive]
pub struct TaskRegistryError {
    /// The name of both tasks.
    pub name: TaskName,
    /// The Rust type registered under this name.
    pub registered: &'static str,
    /// The Rust type whose registration was rejected.
    pub refused: &'static str,
}

crate::error_debug!(TaskRegistryError);

struct ConflictHint<'a>(&'a str, &'a str);

impl fmt::Display for ConflictHint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(registered, refused) = self;
        if registered == refused {
            return f.write_str(
                "settings can be registered only once, and before the first job that uses the task \
                 is added",
            );
        }
        write!(f, "give {refused} another name with #[task(name = \"..\")]")
    }
}

/// The tasks that this process can run. A scheduler does not run stored jobs of tasks that are not registered.
#[derive(Default)]
pub struct TaskRegistry {
    tasks: HashMap<TaskName, TaskRegistration>,
    /// The names of all tasks except closures, shared with the filters of claims.
    names: Arc<BTreeSet<TaskName>>,
}

impl TaskRegistry {
    /// Creates an empty registry.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers a task. Registering the same task without settings again has no effect. Returns whether the name of
    /// a task other than a closure was added, so that stored jobs can be run that could not be run before.
    ///
    /// # Errors
    ///
    /// Returns [`TaskRegistryError`] if the name is registered for another task, or if a task with settings is
    /// registered again.
    pub fn register(&mut self, registration: TaskRegistration) -> Result<bool, TaskRegistryError> {
        if let Some(known) = self.tasks.get(registration.name()) {
            if known.type_name == registration.type_name
                && registration.kind == RegistrationKind::Plain
            {
                return Ok(false);
            }
            return Err(TaskRegistryError {
                name: registration.name,
                registered: known.type_name,
                refused: registration.type_name,
            });
        }
        let is_stored_task = !registration.is_transient();
        if is_stored_task {
            Arc::make_mut(&mut self.names).insert(registration.name.clone());
        }
        self.tasks.insert(registration.name.clone(), registration);
        Ok(is_stored_task)
    }

    /// Removes the registration of a closure whose job was removed. Other tasks are not removed.
    pub fn forget_closure(&mut self, name: &TaskName) {
        if self.tasks.get(name).is_some_and(TaskRegistration::is_transient) {
            self.tasks.remove(name);
        }
    }

    /// Returns the task with the given name.
    #[must_use]
    pub fn get(&self, name: &TaskName) -> Option<Arc<dyn DynTask>> {
        self.tasks.get(name).map(|known| Arc::clone(&known.task))
    }

    /// Returns the names of all tasks except closures, in order.
    #[must_use]
    pub fn names(&self) -> &Arc<BTreeSet<TaskName>> {
        &self.names
    }
}

impl fmt::Debug for TaskRegistry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskRegistry").field("names", &self.names).finish_non_exhaustive()
    }
}
