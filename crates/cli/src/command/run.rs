//! Running the command of an entry.

use std::future::Future;
use std::io;
use std::path::Path;
use std::time::Duration;

use punctual::JobCommand;

use super::become_user::{SUBCOMMAND, current_program};
use super::output::{LineLogger, OutputLine};
use super::{CommandError, ShellCommand};

/// How long to wait for the exit of a command after SIGTERM.
const TERMINATION_GRACE: Duration = Duration::from_secs(5);

/// Runs the command, and calls `log` with its output.
///
/// As with cron, the command has finished when its shell has exited and no process has its output open. When
/// `cancelled` completes before that, the command and all processes that it has started are sent SIGTERM, and SIGKILL
/// after the grace period; when the future is dropped, they are killed immediately.
///
/// # Errors
///
/// Returns an error if the command can't be started or does not exit with status 0.
pub async fn run(
    command: &ShellCommand,
    cancelled: impl Future<Output = ()>,
    log: impl Fn(OutputLine<'_>),
) -> Result<(), CommandError> {
    let process = process(command)
        .map_err(|source| CommandError::ProgramUnknown { shell: command.shell.clone(), source })?;
    let mut lines = LineLogger::new(command.output_limit, log);
    let result = process.run_watched(cancelled, |stream, bytes| lines.push(stream, bytes)).await;
    lines.finish();
    result?;
    Ok(())
}

fn process(command: &ShellCommand) -> io::Result<JobCommand> {
    let directory = command.directory();
    let process = match &command.user {
        None => JobCommand::new(&command.shell),
        Some(user) => JobCommand::new(current_program()?).args([
            SUBCOMMAND,
            user,
            directory,
            "--",
            &command.shell,
        ]),
    };
    let process = process
        .args(["-c", &command.script])
        .env_clear()
        .envs(&command.environment)
        // `punctual become` changes to the directory after switching users.
        .current_dir(if command.user.is_none() && Path::new(directory).is_dir() {
            directory
        } else {
            "/"
        })
        .grace(TERMINATION_GRACE)
        // No output is kept, because all of it is logged as it is read.
        .output_limit(0)
        .output_timeout(Duration::MAX);
    Ok(match &command.stdin {
        Some(text) => process.stdin(text),
        None => process,
    })
}
