//! One run of a command, from its start to its end.

use std::future::Future;
use std::io;
use std::path::Path;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::timeout;

use super::become_user::{SUBCOMMAND, this_program};
use super::group::ProcessGroup;
use super::output::{Budget, OutputLine, Stream, forward};
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
    log: impl Fn(OutputLine<'_>) + Sync,
) -> Result<(), CommandError> {
    let mut child = spawn(command)
        .map_err(|source| CommandError::NotStarted { shell: command.shell.clone(), source })?;
    let group = ProcessGroup::led_by(child.id());
    let budget = Budget::new(command.output_limit.saturating_add(1));
    let watched = async {
        let (input, stdout, stderr) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let ((), out, err, status) = tokio::join!(
            feed(input, command.stdin.as_deref()),
            read(Stream::Stdout, stdout, &budget, &log),
            read(Stream::Stderr, stderr, &budget, &log),
            child.wait(),
        );
        out.and(err).and(status)
    };
    let (status, was_cancelled) = cancellable(watched, cancelled, &group).await;
    let status = status?;
    group.release();
    match (status.success(), was_cancelled) {
        (true, _) => Ok(()),
        (false, true) => Err(CommandError::Cancelled(status)),
        (false, false) => Err(CommandError::Failed(status)),
    }
}

fn spawn(command: &ShellCommand) -> io::Result<Child> {
    let directory = command.directory();
    let mut process = match &command.user {
        None => Command::new(&command.shell),
        Some(user) => {
            let mut process = Command::new(this_program()?);
            process.args([SUBCOMMAND, user, directory, "--", &command.shell]);
            process
        }
    };
    process
        .args(["-c", &command.script])
        .env_clear()
        .envs(&command.environment)
        // Whoever becomes another user enters the directory as that user.
        .current_dir(if command.user.is_none() && Path::new(directory).is_dir() {
            directory
        } else {
            "/"
        })
        .stdin(if command.stdin.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // Its own group: a Ctrl-C in the daemon's terminal is for the daemon, and a shutdown finds all of it.
        .process_group(0)
        .spawn()
}

/// Writes standard input. A command that doesn't read it all is in its right.
async fn feed(input: Option<ChildStdin>, text: Option<&str>) {
    if let (Some(mut input), Some(text)) = (input, text) {
        let _ = input.write_all(text.as_bytes()).await;
    }
}

async fn read(
    stream: Stream,
    reader: Option<impl tokio::io::AsyncRead + Unpin>,
    budget: &Budget,
    log: &(impl Fn(OutputLine<'_>) + Sync),
) -> io::Result<()> {
    match reader {
        Some(reader) => forward(stream, reader, budget, log).await,
        None => Ok(()),
    }
}

/// Waits for the end; brings it about when `cancelled` is ready. Tells whether it was.
async fn cancellable(
    ended: impl Future<Output = io::Result<ExitStatus>>,
    cancelled: impl Future<Output = ()>,
    group: &ProcessGroup,
) -> (io::Result<ExitStatus>, bool) {
    let mut ended = pin!(ended);
    tokio::select! {
        biased;
        status = &mut ended => return (status, false),
        () = cancelled => group.terminate(),
    }
    if let Ok(status) = timeout(TERMINATION_GRACE, &mut ended).await {
        return (status, true);
    }
    group.kill();
    (ended.await, true)
}
