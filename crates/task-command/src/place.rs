//! Where a command is looked after.

use std::io;
use std::thread;

use parking_lot::Mutex;
use punctual_core::JobContext;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::oneshot;

use crate::{Command, CommandError, CommandOutput};

/// Tells all commands of this process when something has come or their time is up. One for each would need more open
/// files than the commands themselves.
static RUNTIME: Mutex<Option<Runtime>> = Mutex::new(None);

/// Runs a command on a thread of its own, whatever is around: some executors have no runtime, and the runtime of others
/// may be blocked by the very one that waits for us, which can't be told from here.
pub(crate) async fn run(
    command: Command,
    context: JobContext,
) -> Result<CommandOutput, CommandError> {
    let (done, result) = oneshot::channel();
    let unwatched = |source| CommandError::unwatched(&command, source);
    let runtime = runtime().map_err(unwatched)?;
    let lonely = {
        let command = command.clone();
        move || on_this_thread(&runtime, &command, &context, done)
    };
    thread::Builder::new().name("punctual-command".to_owned()).spawn(lonely).map_err(unwatched)?;
    match result.await {
        Ok(result) => result,
        Err(_) => Err(unwatched(io::Error::other("its thread has panicked"))),
    }
}

fn runtime() -> io::Result<Handle> {
    let mut runtime = RUNTIME.lock();
    if let Some(runtime) = &*runtime {
        return Ok(runtime.handle().clone());
    }
    let mut one = Builder::new_multi_thread();
    let one = one.worker_threads(1).thread_name("punctual-commands").enable_all().build()?;
    Ok(runtime.insert(one).handle().clone())
}

/// Ends with the command, or when nobody waits for its end any more: then it is killed.
fn on_this_thread(
    runtime: &Handle,
    command: &Command,
    context: &JobContext,
    mut done: oneshot::Sender<Result<CommandOutput, CommandError>>,
) {
    let result = runtime.block_on(async {
        tokio::select! {
            result = command.run(context.cancelled()) => Some(result),
            () = done.closed() => None,
        }
    });
    if let Some(result) = result {
        // Whoever is gone by now does not want to know.
        let _ = done.send(result);
    }
}
