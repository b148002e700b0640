//! The builder of a command.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::spec::CommandSpec;

/// Creates a command that runs `program`: a path, or a name that is searched in `PATH`.
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
pub fn command(program: impl Into<String>) -> JobCommand {
    JobCommand::new(program)
}

/// Creates a command that runs a script with `/bin/sh`, which interprets quotes, variables, pipes and `;`.
///
/// Never insert untrusted text into the script: pass it as an environment variable, and write `"$NAME"`. If the script
/// only runs one program with its arguments, [`command`] is safer.
///
/// ```
/// use punctual_task_command::shell;
///
/// let compress = shell(r#"gzip -9 < "$LOG" > "$LOG.gz" && rm "$LOG""#).env("LOG", "/var/log/a b.log");
/// ```
pub fn shell(script: impl Into<String>) -> JobCommand {
    command("/bin/sh").arg("-c").arg(script)
}

/// A program, its arguments and its environment, which a job runs as a separate process. Created by [`command`] and
/// [`shell`].
///
/// The command is stored **in plain text**: everyone who can read the store can read its arguments and variables. Pass
/// secrets through the scheduler's environment, which the program inherits, or in a file. `Debug`, errors and logs
/// contain the program, but neither its arguments nor the values of variables.
///
/// The command is checked when the job is added.
#[derive(Clone, PartialEq, Eq)]
#[must_use = "a command does nothing until it is added to a scheduler"]
pub struct JobCommand {
    pub(crate) spec: CommandSpec,
}

impl JobCommand {
    /// See [`command`].
    pub fn new(program: impl Into<String>) -> Self {
        Self { spec: CommandSpec::new(program.into()) }
    }

    /// Adds an argument, which is passed to the program unchanged: no shell interprets it.
    pub fn arg(mut self, arg: impl Into<String>) -> Self {
        self.spec.args.push(arg.into());
        self
    }

    /// Adds several arguments.
    pub fn args<A: Into<String>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.spec.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets an environment variable, in addition to those inherited from the process that runs the command.
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.spec.env.insert(name.into(), value.into());
        self
    }

    /// Sets several environment variables; see [`env`](Self::env).
    pub fn envs<N: Into<String>, V: Into<String>>(
        mut self,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        self.spec
            .env
            .extend(variables.into_iter().map(|(name, value)| (name.into(), value.into())));
        self
    }

    /// Starts the program with an empty environment: it has only the variables set by [`env`](Self::env), before or
    /// after this call.
    pub fn env_clear(mut self) -> Self {
        self.spec.env_clear = true;
        self
    }

    /// Sets the working directory. Default: that of the process that runs the command.
    pub fn current_dir(mut self, directory: impl Into<PathBuf>) -> Self {
        self.spec.current_dir = Some(directory.into());
        self
    }

    /// Sets the text on the standard input of the program. Default: standard input is empty.
    pub fn stdin(mut self, text: impl Into<String>) -> Self {
        self.spec.stdin = Some(text.into());
        self
    }

    /// Sets the maximum duration. When it has elapsed, the command is terminated, and its run fails. Default: no limit.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.spec.timeout = Some(timeout);
        self
    }

    /// Sets how long to wait for the program to exit after SIGTERM, which is sent when its timeout has elapsed or its
    /// run is cancelled. Then it is killed. Default: 5 seconds.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.spec.grace = grace;
        self
    }

    /// Sets the maximum number of bytes of each output stream that are kept for the result or the error: half from the
    /// beginning, half from the end. The bytes between them are read, counted and dropped. Default: 65,536.
    pub fn output_limit(mut self, bytes: usize) -> Self {
        self.spec.output_limit = bytes;
        self
    }

    /// Sets how long to continue reading after the program has exited while other processes keep its output open. Then
    /// the run finishes, and these processes are not killed. Default: 1 second.
    pub fn output_timeout(mut self, wait: Duration) -> Self {
        self.spec.output_timeout = wait;
        self
    }

    /// Returns the program as it was given.
    #[must_use]
    pub fn get_program(&self) -> &str {
        &self.spec.program
    }

    /// Returns the arguments.
    #[must_use]
    pub fn get_args(&self) -> &[String] {
        &self.spec.args
    }

    /// Returns the environment variables set by the command, by name.
    #[must_use]
    pub fn get_envs(&self) -> &BTreeMap<String, String> {
        &self.spec.env
    }

    /// Returns the working directory, if one is set.
    #[must_use]
    pub fn get_current_dir(&self) -> Option<&Path> {
        self.spec.current_dir.as_deref()
    }
}

impl fmt::Debug for JobCommand {
    /// Shows the number of arguments and the names of variables, but not their values, which can be secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CommandSpec { program, args, env, env_clear, current_dir, .. } = &self.spec;
        f.debug_struct("JobCommand")
            .field("program", program)
            .field("args", &args.len())
            .field("env", &env.keys())
            .field("env_clear", env_clear)
            .field("current_dir", current_dir)
            .finish_non_exhaustive()
    }
}
