//! The description of a command.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::form::Form;

/// A command that runs `program`: a path, or a name that is looked for in `PATH`.
///
/// ```
/// use punctual_task_command::command;
/// use std::time::Duration;
///
/// let backup = command("/usr/bin/backup")
///     .arg("--full")
///     .env("TARGET", "/mnt/backup")
///     .current_dir("/var/lib")
///     .timeout(Duration::from_secs(3_600));
/// ```
pub fn command(program: impl Into<String>) -> Command {
    Command::new(program)
}

/// A command that has `/bin/sh` run a script, with all that a shell makes of quotes, variables, pipes and `;`.
///
/// Never put text from elsewhere into the script: give it as a variable, and write `"$NAME"`. Where one
/// program with its arguments will do, [`command`] is safer.
///
/// ```
/// use punctual_task_command::shell;
///
/// let compress = shell(r#"gzip -9 < "$LOG" > "$LOG.gz" && rm "$LOG""#).env("LOG", "/var/log/a b.log");
/// ```
pub fn shell(script: impl Into<String>) -> Command {
    command("/bin/sh").arg("-c").arg(script)
}

/// A program with its arguments and surroundings: what a job runs as a process of its own. Made by [`command`] and
/// [`shell`].
///
/// It is stored as it is written here, **in plain text**: whoever can read the store can read its arguments and
/// variables. Give secrets by the scheduler's own environment, which the program inherits, or by a file. `Debug`,
/// errors and logs show the program, never its arguments, nor the values of variables.
///
/// Everything is checked when the job is added.
#[derive(Clone, PartialEq, Eq)]
#[must_use = "a command does nothing until it is added to a scheduler"]
pub struct Command {
    pub(crate) form: Form,
}

impl Command {
    /// See [`command`].
    pub fn new(program: impl Into<String>) -> Self {
        Self { form: Form::new(program.into()) }
    }

    /// One more argument. It reaches the program as it is: no shell looks at it.
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.form.args.push(arg.into());
        self
    }

    /// More arguments.
    pub fn args<A: Into<String>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.form.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets a variable of its environment, which is otherwise that of the process that runs it.
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.form.env.insert(name.into(), value.into());
        self
    }

    /// Sets variables; see [`env`](Self::env).
    pub fn envs<N: Into<String>, V: Into<String>>(
        mut self,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        self.form
            .env
            .extend(variables.into_iter().map(|(name, value)| (name.into(), value.into())));
        self
    }

    /// Inherits no environment: only the variables that are set here reach it, before or after this call.
    pub fn env_clear(mut self) -> Self {
        self.form.env_clear = true;
        self
    }

    /// The directory that it runs in; without one, that of the process that runs it.
    pub fn current_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.form.current_dir = Some(directory.into());
        self
    }

    /// The text that it reads from its standard input; without one, there is none to read.
    pub fn stdin(mut self, text: impl Into<String>) -> Self {
        self.form.stdin = Some(text.into());
        self
    }

    /// How long it may run before it is ended and its run is an error; without one, for ever.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.form.timeout = Some(timeout);
        self
    }

    /// How long it may take to end after it was asked to, by SIGTERM, because of its timeout or a shutdown; then
    /// it is killed. 5 seconds without one.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.form.grace = grace;
        self
    }

    /// How many bytes of each of its two outputs are kept, for the result or the error: half from the beginning,
    /// half from the end. What is between them is read, counted and dropped. 65,536 without one.
    pub fn output_limit(mut self, bytes: usize) -> Self {
        self.form.output_limit = bytes;
        self
    }

    /// How long to wait for more output once the program has ended, while others that it started still hold it
    /// open. Then its run is over, and they are left alone. 1 second without one.
    pub fn output_wait(mut self, wait: Duration) -> Self {
        self.form.output_wait = wait;
        self
    }

    /// The program, as it was given.
    #[must_use]
    pub fn get_program(&self) -> &str {
        &self.form.program
    }

    /// The arguments.
    #[must_use]
    pub fn get_args(&self) -> &[String] {
        &self.form.args
    }

    /// The variables that it sets, by name.
    #[must_use]
    pub fn get_envs(&self) -> &BTreeMap<String, String> {
        &self.form.env
    }

    /// The directory that it runs in, if it names one.
    #[must_use]
    pub fn get_current_dir(&self) -> Option<&Path> {
        self.form.current_dir.as_deref()
    }
}

impl fmt::Debug for Command {
    /// Shows how many arguments there are and which variables are set, not what they say: they can be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Form { program, args, env, env_clear, current_dir, .. } = &self.form;
        f.debug_struct("Command")
            .field("program", program)
            .field("args", &args.len())
            .field("env", &env.keys())
            .field("env_clear", env_clear)
            .field("current_dir", current_dir)
            .finish_non_exhaustive()
    }
}
