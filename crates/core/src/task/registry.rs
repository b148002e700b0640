//! From stored names back to functions.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use super::erased::Erased;
use super::{AnyTask, Task, TaskName};
use crate::error::NameError;

/// A task with the name it is registered under.
#[derive(Clone)]
pub struct TaskRegistration {
    name: TaskName,
    task: Arc<dyn AnyTask>,
    /// The Rust type, to tell "the same task again" from "another task of the same name".
    type_name: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Its type is all there is to it.
    Plain,
    /// It has settings.
    Configured,
    /// It is a closure.
    Transient,
}

impl TaskRegistration {
    /// The registration of a typed task.
    ///
    /// # Errors
    ///
    /// When the task's name is not valid.
    pub fn of<T: Task>() -> Result<Self, NameError> {
        Ok(Self {
            name: TaskName::new(T::NAME)?,
            task: Arc::new(Erased::<T>::new()),
            type_name: std::any::type_name::<T>(),
            kind: Kind::Plain,
        })
    }

    /// The registration of a typed task that is run by `task`, a value with settings: calls of `T` that are
    /// added later change nothing about it.
    ///
    /// # Errors
    ///
    /// When the task's name is not valid.
    pub fn configured<T: Task>(task: impl AnyTask) -> Result<Self, NameError> {
        Ok(Self { task: Arc::new(task), kind: Kind::Configured, ..Self::of::<T>()? })
    }

    /// A task that only this process can run and that leaves with its job.
    pub(super) fn transient(name: TaskName, task: Arc<dyn AnyTask>) -> Self {
        Self { name, task, type_name: "closure", kind: Kind::Transient }
    }

    /// The name that stores keep.
    #[must_use]
    pub fn name(&self) -> &TaskName {
        &self.name
    }

    /// Whether the task is a closure, which no other process can run.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.kind == Kind::Transient
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

/// Two different tasks under one name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the task name {name} is taken by {registered}; {}", Advice(registered, refused))]
#[non_exhaustive]
pub struct TaskRegistryError {
    /// The name.
    pub name: TaskName,
    /// The Rust type that has it.
    pub registered: &'static str,
    /// The Rust type that wanted it.
    pub refused: &'static str,
}

struct Advice<'a>(&'a str, &'a str);

impl fmt::Display for Advice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(registered, refused) = self;
        if registered == refused {
            return f.write_str("its settings can be given once, and before a job uses it");
        }
        write!(f, "{refused} needs another, see #[task(name = \"..\")]")
    }
}

/// The tasks that this process can run. Nothing else in a store is ever run.
#[derive(Default)]
pub struct TaskRegistry {
    tasks: HashMap<TaskName, TaskRegistration>,
    /// The names that other processes can know too, shared with the filters of claims.
    names: Arc<BTreeSet<TaskName>>,
}

impl TaskRegistry {
    /// A registry that knows no tasks.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a task known. The same task again changes nothing.
    ///
    /// # Errors
    ///
    /// When another task has the name, or the same with other settings.
    pub fn register(&mut self, registration: TaskRegistration) -> Result<(), TaskRegistryError> {
        if let Some(known) = self.tasks.get(registration.name()) {
            if known.type_name == registration.type_name && registration.kind == Kind::Plain {
                return Ok(());
            }
            return Err(TaskRegistryError {
                name: registration.name,
                registered: known.type_name,
                refused: registration.type_name,
            });
        }
        if !registration.is_transient() {
            Arc::make_mut(&mut self.names).insert(registration.name.clone());
        }
        self.tasks.insert(registration.name.clone(), registration);
        Ok(())
    }

    /// Forgets a closure whose job is gone; named tasks stay.
    pub fn forget_closure(&mut self, name: &TaskName) {
        if self.tasks.get(name).is_some_and(TaskRegistration::is_transient) {
            self.tasks.remove(name);
        }
    }

    /// The task of that name.
    #[must_use]
    pub fn get(&self, name: &TaskName) -> Option<Arc<dyn AnyTask>> {
        self.tasks.get(name).map(|known| Arc::clone(&known.task))
    }

    /// The names of all tasks but closures, in order.
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
