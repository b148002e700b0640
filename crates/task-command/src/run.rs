//! Running a command.

use std::future::{Future, pending};
use std::io;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use parking_lot::Mutex;
use punctual_core::OutputStream;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::SetOnce;
use tokio::time::timeout;

use crate::capture::Recorder;
use crate::error::{CommandError, StopReason};
use crate::group::ProcessGroup;
use crate::spec::CommandSpec;
use crate::watchdog;
use crate::{CommandOutput, CommandStatus, JobCommand};

/// The size of the read buffer in bytes.
const READ_BUFFER_SIZE: usize = 16 << 10;

/// How long to wait for the exit of a process after SIGKILL. It takes longer only if the process can't be killed
/// because it runs as another user or hangs inside the kernel.
const KILL_TIMEOUT: Duration = Duration::from_secs(10);

impl JobCommand {
    /// Runs the command without a scheduler, on a tokio runtime with I/O and timers enabled. When `cancelled`
    /// completes, the program is sent SIGTERM, and killed after the grace period. When the future is dropped, the
    /// program is killed with all processes that it has started.
    ///
    /// ```
    /// use punctual_task_command::command;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), punctual_task_command::CommandError> {
    /// let output = command("echo").arg("a  b").run(std::future::pending()).await?;
    /// assert_eq!(output.stdout.to_string(), "a  b\n");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Returns an error if the program can't be started or does not exit with status 0.
    pub async fn run(
        &self,
        cancelled: impl Future<Output = ()>,
    ) -> Result<CommandOutput, CommandError> {
        self.run_watched(cancelled, |_, _| {}).await
    }

    /// Like [`run`](Self::run), and calls `watch` with each chunk of output as soon as it is read, regardless of the
    /// limit.
    ///
    /// # Errors
    ///
    /// The same as [`run`](Self::run).
    pub async fn run_watched(
        &self,
        cancelled: impl Future<Output = ()>,
        watch: impl FnMut(OutputStream, &[u8]),
    ) -> Result<CommandOutput, CommandError> {
        let spec = &self.spec;
        let mut child = spawn(spec).map_err(|source| CommandError::not_started(self, source))?;
        let group = ProcessGroup::new(child.id());
        let recorder = Mutex::new(Recorder::new(spec.output_limit, watch));
        let exited = SetOnce::new();
        let completion = wait_with_output(&mut child, spec, &group, &recorder, &exited);
        let (status, reason) =
            match wait_or_terminate(completion, cancelled, spec, &group, &exited).await {
                Ok(end) => end,
                Err(source) => {
                    group.disarm();
                    return Err(CommandError::not_ended(self, source));
                }
            };
        let status = status.map_err(|source| CommandError::unwatched(self, source))?;
        if reason.is_none() {
            group.disarm();
        }
        let status = CommandStatus::from(status);
        let output = recorder.into_inner().finish(status);
        match reason {
            Some(StopReason::TimedOut) => {
                Err(CommandError::terminated(self, StopReason::TimedOut, output))
            }
            _ if status.is_success() => Ok(output),
            Some(reason) => Err(CommandError::terminated(self, reason, output)),
            None => Err(CommandError::failed(self, output)),
        }
    }
}

fn spawn(spec: &CommandSpec) -> io::Result<Child> {
    // Installing a handler resets SIGCHLD if it was inherited as ignored; with SIGCHLD ignored, exit statuses can't be
    // collected.
    let _ = signal(SignalKind::child())?;
    watchdog::ensure_started();
    let mut process = tokio::process::Command::new(&spec.program);
    if spec.env_clear {
        process.env_clear();
    }
    if let Some(directory) = &spec.current_dir {
        process.current_dir(directory);
    }
    process
        .args(&spec.args)
        .envs(&spec.env)
        .stdin(if spec.stdin.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // The program gets its own process group so that a Ctrl-C in the terminal does not reach it, and that signals
        // reach all processes that it starts.
        .process_group(0)
        .spawn()
}

/// Waits for the exit of the process and the end of its output, which other processes may keep open for a while.
async fn wait_with_output(
    child: &mut Child,
    spec: &CommandSpec,
    group: &ProcessGroup,
    recorder: &Mutex<Recorder<impl FnMut(OutputStream, &[u8])>>,
    exited: &SetOnce<()>,
) -> io::Result<ExitStatus> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let mut pipes = pin!(async {
        let ((), stdout, stderr) = tokio::join!(
            write_stdin(stdin, spec.stdin.as_deref()),
            read_stream(OutputStream::Stdout, stdout, recorder),
            read_stream(OutputStream::Stderr, stderr, recorder),
        );
        stdout.and(stderr)
    });
    let (status, read) = tokio::select! {
        status = child.wait() => (status?, None),
        read = &mut pipes => (child.wait().await?, Some(read)),
    };
    let _ = exited.set(());
    group.on_leader_exit();
    match read {
        Some(read) => read?,
        // The time limit does not apply to processes that keep the output open after the exit of the program.
        None => timeout(spec.output_timeout, pipes).await.unwrap_or(Ok(()))?,
    }
    Ok(status)
}

/// Writes standard input. Errors are ignored, because a program may exit without reading all of it.
async fn write_stdin(input: Option<ChildStdin>, text: Option<&str>) {
    if let (Some(mut input), Some(text)) = (input, text) {
        let _ = input.write_all(text.as_bytes()).await;
    }
}

/// Reads a stream to its end even if no output is kept: a full pipe would block the program.
async fn read_stream(
    stream: OutputStream,
    reader: Option<impl AsyncRead + Unpin>,
    recorder: &Mutex<Recorder<impl FnMut(OutputStream, &[u8])>>,
) -> io::Result<()> {
    let Some(mut reader) = reader else { return Ok(()) };
    let mut buffer = vec![0; READ_BUFFER_SIZE];
    loop {
        match reader.read(&mut buffer).await? {
            0 => return Ok(()),
            length => recorder.lock().record(stream, &buffer[..length]),
        }
    }
}

/// Waits until the command has finished. On cancellation or timeout it is terminated, and the reason is returned.
/// Returns an error if it can't be killed.
async fn wait_or_terminate<T>(
    completion: impl Future<Output = T>,
    cancelled: impl Future<Output = ()>,
    spec: &CommandSpec,
    group: &ProcessGroup,
    exited: &SetOnce<()>,
) -> io::Result<(T, Option<StopReason>)> {
    let mut completion = pin!(completion);
    let reason = tokio::select! {
        biased;
        end = &mut completion => return Ok((end, None)),
        () = cancelled => StopReason::Cancelled,
        () = time_limit(spec.timeout, exited) => StopReason::TimedOut,
    };
    group.terminate();
    if let Ok(end) = timeout(spec.grace, &mut completion).await {
        return Ok((end, Some(reason)));
    }
    let killed = group.kill();
    tokio::select! {
        biased;
        end = completion => Ok((end, Some(reason))),
        () = time_limit(Some(KILL_TIMEOUT), exited) => {
            Err(killed.err().map_or_else(|| io::ErrorKind::TimedOut.into(), io::Error::from))
        }
    }
}

/// Completes when `limit` has elapsed and the process has not exited by then.
async fn time_limit(limit: Option<Duration>, exited: &SetOnce<()>) {
    if let Some(limit) = limit
        && timeout(limit, exited.wait()).await.is_err()
    {
        return;
    }
    pending().await
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    /// Returns the result of a command that is cancelled immediately and ignores signals; `None` after an hour.
    async fn stop<T>(
        completion: impl Future<Output = T>,
        exited: &SetOnce<()>,
    ) -> Option<io::Result<T>> {
        let (spec, group) = (CommandSpec::new("program".to_owned()), ProcessGroup::new(None));
        let end = wait_or_terminate(completion, ready(()), &spec, &group, exited);
        let end = timeout(HOUR, end).await.ok()?;
        Some(end.map(|(end, _)| end))
    }

    #[tokio::test(start_paused = true)]
    async fn a_process_that_can_not_be_killed_is_an_error() {
        let error = stop(pending::<()>(), &SetOnce::new()).await.unwrap().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn reading_output_after_the_exit_is_not_limited_by_the_kill_timeout() {
        let exited = SetOnce::new_with(Some(()));
        let reading = async {
            let _ = timeout(HOUR / 2, pending::<()>()).await;
        };
        stop(reading, &exited).await.unwrap().unwrap();
    }
}
