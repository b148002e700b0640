//! The task that runs commands.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use punctual_core::{
    Action, Call, CodecError, DynTask, Encoded, IntoAction, JobContext, NameError, Task, TaskBody,
    TaskError, TaskFn, TaskRegistration,
};
use serde_json::Value;

use crate::{CommandError, JobCommand, runtime};

/// A check that returns the reason why a command is not allowed.
type Check = dyn Fn(&JobCommand) -> Result<(), String> + Send + Sync;

/// The built-in task `command`, which runs [`JobCommand`]s, with the set of commands that it allows.
///
/// As with every task, commands are run only by processes that have registered the task: by `.task(CommandTask::..)`,
/// or by adding a job that is a command. **Everyone who can write to the store can run any command in such a process**,
/// with the privileges of the process. [`only`](Self::only) and [`checked`](Self::checked) restrict the commands: a
/// command that is not allowed fails its run, and the job is kept.
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
    /// Allows all commands.
    #[must_use]
    pub fn any() -> Self {
        Self::checked(|_| Ok(()))
    }

    /// Allows only these programs, compared as text. [`shell`](crate::shell) requires `/bin/sh`.
    ///
    /// Use full paths: a name without a slash is searched in `PATH`, which the command may set itself. Arguments and
    /// variables are not restricted, and some programs can run arbitrary commands given as arguments; use
    /// [`checked`](Self::checked) to check them.
    #[must_use]
    pub fn only<P: Into<String>>(programs: impl IntoIterator<Item = P>) -> Self {
        let programs: BTreeSet<String> = programs.into_iter().map(Into::into).collect();
        Self::checked(move |command| {
            if programs.contains(command.get_program()) {
                return Ok(());
            }
            Err("the program is not among those that this process allows".to_owned())
        })
    }

    /// Allows the commands for which `check` returns `Ok`. The returned error is part of the run's error.
    ///
    /// ```
    /// use punctual_task_command::CommandTask;
    ///
    /// let plain = CommandTask::checked(|command| match command.get_program() {
    ///     "/usr/bin/backup" if command.get_envs().is_empty() => Ok(()),
    ///     "/usr/bin/backup" => Err("variables are not allowed".into()),
    ///     _ => Err("only backups are allowed".into()),
    /// });
    /// ```
    #[must_use]
    pub fn checked(
        check: impl Fn(&JobCommand) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        Self { check: Arc::new(check) }
    }

    fn task_body(&self, context: JobContext, command: JobCommand) -> TaskBody {
        let allowed = (self.check)(&command);
        TaskBody::future(async move {
            allowed.map_err(|reason| CommandError::not_allowed(&command, reason))?;
            Ok(serde_json::to_value(runtime::run(command, context).await?)?)
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
    type Args = JobCommand;

    fn body(context: JobContext, command: JobCommand) -> TaskBody {
        Self::any().task_body(context, command)
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
        Ok(self.task_body(context, args.decode()?))
    }

    fn check(&self, args: &Encoded) -> Result<(), CodecError> {
        args.decode::<JobCommand>().map(drop)
    }

    fn write_error(&self, error: &TaskError) -> Option<Value> {
        <Self as Task>::write_error(error)
    }

    fn read_error(&self, written: Value) -> Option<TaskError> {
        <Self as Task>::read_error(written)
    }
}

/// Registers the task with a scheduler's builder: `.task(CommandTask::only([..]))`.
impl TaskFn<Self> for CommandTask {
    type Task = Self;

    fn registration(self) -> Result<TaskRegistration, NameError> {
        TaskRegistration::configured::<Self>(self)
    }
}

/// Marks [`JobCommand`]s for [`IntoAction`].
#[derive(Debug)]
pub struct CommandMarker;

impl IntoAction<CommandMarker> for JobCommand {
    fn into_action(self) -> Action {
        Call::<CommandTask>::new(self).into_action()
    }
}
