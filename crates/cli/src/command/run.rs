//! One run of an entry's command.

use std::future::Future;
use std::io;
use std::path::Path;
use std::time::Duration;

use punctual::Command;

use super::become_user::{SUBCOMMAND, this_program};
use super::output::{Lines, OutputLine};
use super::{CommandError, ShellCommand};

/// How long a command that is asked to end may take to do so.
const TERMINATION_GRACE: Duration = Duration::from_secs(5);

/// Runs the command to its end, and tells `log` what it prints.
///
/// As with cron, it has ended when its shell has, and when nobody holds its output any more. When
/// `cancelled` is ready before that, it and all that it has started are asked to end, and killed if they don't;
/// when the future is dropped, they are killed at once.
///
/// # Errors
///
/// When it can't be started, and when it does not end with status 0.
pub async fn run(
    command: &ShellCommand,
    cancelled: impl Future<Output = ()>,
    log: impl Fn(OutputLine<'_>),
) -> Result<(), CommandError> {
    let process = process(command)
        .map_err(|source| CommandError::NotBecome { shell: command.shell.clone(), source })?;
    let mut lines = Lines::new(command.output_limit, log);
    let result = process.run_watched(cancelled, |stream, bytes| lines.push(stream, bytes)).await;
    lines.finish();
    result?;
    Ok(())
}

fn process(command: &ShellCommand) -> io::Result<Command> {
    let directory = command.directory();
    let process = match &command.user {
        None => Command::new(&command.shell),
        Some(user) => {
            Command::new(this_program()?).args([SUBCOMMAND, user, directory, "--", &command.shell])
        }
    };
    let process = process
        .args(["-c", &command.script])
        .env_clear()
        .envs(&command.environment)
        // Whoever becomes another user enters the directory as that user.
        .current_dir(if command.user.is_none() && Path::new(directory).is_dir() {
            directory
        } else {
            "/"
        })
        .grace(TERMINATION_GRACE)
        // All of it is logged as it comes.
        .output_limit(0)
        .output_wait(Duration::MAX);
    Ok(match &command.stdin {
        Some(text) => process.stdin(text),
        None => process,
    })
}
