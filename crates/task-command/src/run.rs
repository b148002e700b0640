//! One run of a command, from its start to its end.

use std::future::{Future, pending};
use std::io;
use std::pin::pin;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::SetOnce;
use tokio::time::timeout;

use crate::capture::Recorder;
use crate::error::{CommandError, Stop};
use crate::form::Form;
use crate::group::ProcessGroup;
use crate::guard;
use crate::{Command, CommandOutput, CommandStatus, CommandStream};

/// How much of a stream is read at once.
const PIECE: usize = 16 << 10;

/// How long a process may take to end that has been killed. It takes longer only if it can't be killed: it is another
/// user's by now, or hangs inside the kernel.
const DEATH: Duration = Duration::from_secs(10);

impl Command {
    /// Runs it here and now, without a scheduler, on a tokio runtime with I/O and timers. When `cancelled` is ready, it
    /// is asked to end; when the future is dropped, it is killed, with all that it started.
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
    /// When it can't be started, or does not end with status 0.
    pub async fn run(
        &self,
        cancelled: impl Future<Output = ()>,
    ) -> Result<CommandOutput, CommandError> {
        self.run_watched(cancelled, |_, _| {}).await
    }

    /// As [`run`](Self::run); `watch` sees all of its output at once, limit or not, piece by piece as it comes.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub async fn run_watched(
        &self,
        cancelled: impl Future<Output = ()>,
        watch: impl FnMut(CommandStream, &[u8]),
    ) -> Result<CommandOutput, CommandError> {
        let form = &self.form;
        let mut child = spawn(form).map_err(|source| CommandError::not_started(self, source))?;
        let group = ProcessGroup::led_by(child.id());
        let recorder = Mutex::new(Recorder::new(form.output_limit, watch));
        let exited = SetOnce::new();
        let life = live(&mut child, form, &group, &recorder, &exited);
        let (status, stop) = match stoppable(life, cancelled, form, &group, &exited).await {
            Ok(end) => end,
            Err(source) => {
                group.release();
                return Err(CommandError::not_ended(self, source));
            }
        };
        let status = status.map_err(|source| CommandError::unwatched(self, source))?;
        if stop.is_none() {
            group.release();
        }
        let status = CommandStatus::from(status);
        let output = recorder.into_inner().finish(status);
        match stop {
            Some(Stop::TimedOut) => Err(CommandError::stopped(self, Stop::TimedOut, output)),
            _ if status.is_success() => Ok(output),
            Some(stop) => Err(CommandError::stopped(self, stop, output)),
            None => Err(CommandError::failed(self, output)),
        }
    }
}

fn spawn(form: &Form) -> io::Result<Child> {
    // Whoever started this program may have had it ignore its children, whose ends nobody could tell then.
    let _ = signal(SignalKind::child())?;
    guard::prepare();
    let mut process = tokio::process::Command::new(&form.program);
    if form.env_clear {
        process.env_clear();
    }
    if let Some(directory) = &form.current_dir {
        process.current_dir(directory);
    }
    process
        .args(&form.args)
        .envs(&form.env)
        .stdin(if form.stdin.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // Its own group: a Ctrl-C in our terminal is for us, and whoever ends it finds all of it.
        .process_group(0)
        .spawn()
}

/// Waits until the process has ended, and its output too, which others may hold open for a while.
async fn live(
    child: &mut Child,
    form: &Form,
    group: &ProcessGroup,
    recorder: &Mutex<Recorder<impl FnMut(CommandStream, &[u8])>>,
    exited: &SetOnce<()>,
) -> io::Result<ExitStatus> {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let mut pipes = pin!(async {
        let ((), stdout, stderr) = tokio::join!(
            feed(stdin, form.stdin.as_deref()),
            read(CommandStream::Stdout, stdout, recorder),
            read(CommandStream::Stderr, stderr, recorder),
        );
        stdout.and(stderr)
    });
    let (status, read) = tokio::select! {
        status = child.wait() => (status?, None),
        read = &mut pipes => (child.wait().await?, Some(read)),
    };
    let _ = exited.set(());
    group.leader_ended();
    match read {
        Some(read) => read?,
        // Over time it is the program's own affair who still holds its output.
        None => timeout(form.output_wait, pipes).await.unwrap_or(Ok(()))?,
    }
    Ok(status)
}

/// Writes standard input. A program that doesn't read it all is in its right.
async fn feed(input: Option<ChildStdin>, text: Option<&str>) {
    if let (Some(mut input), Some(text)) = (input, text) {
        let _ = input.write_all(text.as_bytes()).await;
    }
}

/// Reads a stream to its end, whether or not anything of it is kept: a full pipe would stop the program.
async fn read(
    stream: CommandStream,
    reader: Option<impl AsyncRead + Unpin>,
    recorder: &Mutex<Recorder<impl FnMut(CommandStream, &[u8])>>,
) -> io::Result<()> {
    let Some(mut reader) = reader else { return Ok(()) };
    let mut piece = vec![0; PIECE];
    loop {
        match reader.read(&mut piece).await? {
            0 => return Ok(()),
            length => recorder.lock().record(stream, &piece[..length]),
        }
    }
}

/// Waits for the end; brings it about when it is cancelled or its time is up, and tells which it was. An error if it
/// can't be brought about.
async fn stoppable<T>(
    life: impl Future<Output = T>,
    cancelled: impl Future<Output = ()>,
    form: &Form,
    group: &ProcessGroup,
    exited: &SetOnce<()>,
) -> io::Result<(T, Option<Stop>)> {
    let mut life = pin!(life);
    let stop = tokio::select! {
        biased;
        end = &mut life => return Ok((end, None)),
        () = cancelled => Stop::Cancelled,
        () = time_limit(form.timeout, exited) => Stop::TimedOut,
    };
    group.terminate();
    if let Ok(end) = timeout(form.grace, &mut life).await {
        return Ok((end, Some(stop)));
    }
    let killed = group.kill();
    tokio::select! {
        biased;
        end = life => Ok((end, Some(stop))),
        () = time_limit(Some(DEATH), exited) => {
            Err(killed.err().map_or_else(|| io::ErrorKind::TimedOut.into(), io::Error::from))
        }
    }
}

/// Ready when the time is up and the process has not ended by then.
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

    /// How it ends if it is cancelled at once and signals do nothing.
    async fn stop<T>(life: impl Future<Output = T>, exited: &SetOnce<()>) -> Option<io::Result<T>> {
        let (form, group) = (Form::new("program".to_owned()), ProcessGroup::led_by(None));
        let end = stoppable(life, ready(()), &form, &group, exited);
        let end = timeout(HOUR, end).await.ok()?;
        Some(end.map(|(end, _)| end))
    }

    #[tokio::test(start_paused = true)]
    async fn what_can_not_be_killed_is_given_up() {
        let error = stop(pending::<()>(), &SetOnce::new()).await.unwrap().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test(start_paused = true)]
    async fn what_has_ended_may_still_have_to_be_heard() {
        let exited = SetOnce::new_with(Some(()));
        let hearing = async {
            let _ = timeout(HOUR / 2, pending::<()>()).await;
        };
        stop(hearing, &exited).await.unwrap().unwrap();
    }
}
