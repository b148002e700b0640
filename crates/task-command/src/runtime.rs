//! Running commands independently of the executor's runtime.

use std::io;
use std::thread;

use parking_lot::Mutex;
use punctual_core::{JobContext, LineSplitter, OutputLine, OutputStream};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::oneshot;

use crate::{CommandError, CommandOutput, JobCommand};

/// The runtime that drives I/O and timers of all commands of this process. One runtime per command would use more file
/// descriptors than the commands.
static RUNTIME: Mutex<Option<Runtime>> = Mutex::new(None);

/// Runs a command on a dedicated thread. The executor may have no tokio runtime, or a runtime whose threads are blocked
/// waiting for this future; neither can be detected here.
pub(crate) async fn run(
    command: JobCommand,
    context: JobContext,
) -> Result<CommandOutput, CommandError> {
    let (result_tx, result_rx) = oneshot::channel();
    let unwatched = |source| CommandError::unwatched(&command, source);
    let runtime = runtime().map_err(unwatched)?;
    let thread_main = {
        let command = command.clone();
        move || run_blocking(&runtime, &command, &context, result_tx)
    };
    thread::Builder::new()
        .name("punctual-command".to_owned())
        .spawn(thread_main)
        .map_err(unwatched)?;
    match result_rx.await {
        Ok(result) => result,
        Err(_) => Err(unwatched(io::Error::other("the thread of the command panicked"))),
    }
}

fn runtime() -> io::Result<Handle> {
    let mut runtime = RUNTIME.lock();
    if let Some(runtime) = &*runtime {
        return Ok(runtime.handle().clone());
    }
    let mut builder = Builder::new_multi_thread();
    let new = builder.worker_threads(1).thread_name("punctual-commands").enable_all().build()?;
    Ok(runtime.insert(new).handle().clone())
}

/// Returns when the command has finished, or when the receiver was dropped, which kills the command.
fn run_blocking(
    runtime: &Handle,
    command: &JobCommand,
    context: &JobContext,
    mut result_tx: oneshot::Sender<Result<CommandOutput, CommandError>>,
) {
    let result = runtime.block_on(async {
        tokio::select! {
            result = run_logged(command, context) => Some(result),
            () = result_tx.closed() => None,
        }
    });
    if let Some(result) = result {
        // Fails if the receiver has been dropped.
        let _ = result_tx.send(result);
    }
}

/// Runs a command and logs the lines that it prints, as soon as they are read.
async fn run_logged(
    command: &JobCommand,
    context: &JobContext,
) -> Result<CommandOutput, CommandError> {
    let log = |stream, text: &str| {
        OutputLine::new(Some((context.run_id(), context.job_id())), stream, text).log();
    };
    let (mut stdout, mut stderr) = (LineSplitter::default(), LineSplitter::default());
    let watch = |stream, bytes: &[u8]| match stream {
        OutputStream::Stdout => stdout.push(bytes, |text| log(stream, text)),
        OutputStream::Stderr => stderr.push(bytes, |text| log(stream, text)),
    };
    let result = command.run_watched(context.cancelled(), watch).await;
    stdout.finish(|text| log(OutputStream::Stdout, text));
    stderr.finish(|text| log(OutputStream::Stderr, text));
    result
}
