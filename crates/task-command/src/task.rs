//! The task that runs commands.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use punctual_core::{
    Action, Call, CodecError, DynTask, Encoded, IntoAction, JobContext, NameError, Task, TaskBody,
    TaskError, TaskFn, TaskRegistration,
};
use serde_json::Value;

use crate::{Command, CommandError, place};

/// Why a command is not run.
type Check = dyn Fn(&Command) -> Result<(), String> + Send + Sync;

/// The built-in task `command`, which runs [`Command`]s; and which of them it runs.
///
/// As with every task, the commands in a store are run only by processes that have been told so: by
/// `.task(CommandTask::..)`, or by adding a job that is a command. Then **whoever can write to the store decides what
/// these processes run**, with their rights. [`only`](Self::only) and [`checked`](Self::checked) say what else they
/// may: a command that is refused is an error of its run, and the job stays.
///
/// ```
/// use punctual_core::{TaskFn, TaskRegistry};
/// use punctual_task_command::CommandTask;
///
/// let mut tasks = TaskRegistry::new();
/// // A scheduler's builder does this in `.task(..)`.
/// tasks.register(CommandTask::only(["/usr/bin/backup", "/usr/bin/rsync"]).registration()?)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct CommandTask {
    check: Arc<Check>,
}

impl CommandTask {
    /// Runs any command.
    #[must_use]
    pub fn any() -> Self {
        Self::checked(|_| Ok(()))
    }

    /// Runs these programs only, written just so; without `/bin/sh` there is no [`shell`](crate::shell).
    ///
    /// Name them by their full paths: another name is looked for in the `PATH` that the command may set itself. A
    /// program's arguments and variables remain free, and some do anything they are told; where that matters, look at
    /// them with [`checked`](Self::checked).
    #[must_use]
    pub fn only<P: Into<String>>(programs: impl IntoIterator<Item = P>) -> Self {
        let programs: BTreeSet<String> = programs.into_iter().map(Into::into).collect();
        Self::checked(move |command| {
            if programs.contains(command.get_program()) {
                return Ok(());
            }
            Err("it is not among the programs that this process runs".to_owned())
        })
    }

    /// Runs the commands that `check` has nothing against; what it has is part of the run's error.
    ///
    /// ```
    /// use punctual_task_command::CommandTask;
    ///
    /// let plain = CommandTask::checked(|command| match command.get_program() {
    ///     "/usr/bin/backup" if command.get_envs().is_empty() => Ok(()),
    ///     "/usr/bin/backup" => Err("it sets variables".into()),
    ///     _ => Err("this process makes backups and nothing else".into()),
    /// });
    /// ```
    #[must_use]
    pub fn checked(check: impl Fn(&Command) -> Result<(), String> + Send + Sync + 'static) -> Self {
        Self { check: Arc::new(check) }
    }

    fn work(&self, context: JobContext, command: Command) -> TaskBody {
        let allowed = (self.check)(&command);
        TaskBody::future(async move {
            allowed.map_err(|reason| CommandError::not_allowed(&command, reason))?;
            Ok(serde_json::to_value(place::run(command, context).await?)?)
        })
    }
}

impl fmt::Debug for CommandTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CommandTask").finish_non_exhaustive()
    }
}

impl Task for CommandTask {
    const NAME: &'static str = "command";
    type Args = Command;

    fn body(context: JobContext, command: Command) -> TaskBody {
        Self::any().work(context, command)
    }

    fn write_error(error: &TaskError) -> Option<Value> {
        serde_json::to_value(error.downcast_ref::<CommandError>()?).ok()
    }

    fn read_error(written: Value) -> Option<TaskError> {
        serde_json::from_value::<CommandError>(written).ok().map(Into::into)
    }
}

impl DynTask for CommandTask {
    fn body(&self, context: JobContext, args: &Encoded) -> Result<TaskBody, CodecError> {
        Ok(self.work(context, args.decode()?))
    }

    fn check(&self, args: &Encoded) -> Result<(), CodecError> {
        args.decode::<Command>().map(drop)
    }

    fn write_error(&self, error: &TaskError) -> Option<Value> {
        <Self as Task>::write_error(error)
    }

    fn read_error(&self, written: Value) -> Option<TaskError> {
        <Self as Task>::read_error(written)
    }
}

/// Tells a scheduler's builder which commands to run: `.task(CommandTask::only([..]))`.
impl TaskFn<Self> for CommandTask {
    type Task = Self;

    fn registration(self) -> Result<TaskRegistration, NameError> {
        TaskRegistration::configured::<Self>(self)
    }
}

/// Marks [`Command`]s for [`IntoAction`].
#[derive(Debug)]
pub struct CommandMarker;

impl IntoAction<CommandMarker> for Command {
    fn into_action(self) -> Action {
        Call::<CommandTask>::new(self).into_action()
    }
}
