//! Where a command is looked after.

use std::io;
use std::thread;

use punctual_core::JobContext;
use tokio::runtime::Builder;
use tokio::sync::oneshot;

use crate::{Command, CommandError, CommandOutput};

/// Runs a command on a thread of its own, whatever is around: some executors have no runtime, and the runtime of others
/// may be blocked by the very one that waits for us, which can't be told from here.
pub(crate) async fn run(
    command: Command,
    context: JobContext,
) -> Result<CommandOutput, CommandError> {
    let (done, result) = oneshot::channel();
    let unwatched = |source| CommandError::unwatched(&command, source);
    let lonely = {
        let command = command.clone();
        move || on_this_thread(&command, &context, done)
    };
    thread::Builder::new().name("punctual-command".to_owned()).spawn(lonely).map_err(unwatched)?;
    match result.await {
        Ok(result) => result,
        Err(_) => Err(unwatched(io::Error::other("its thread has panicked"))),
    }
}

/// Ends with the command, or when nobody waits for its end any more: then it is killed.
fn on_this_thread(
    command: &Command,
    context: &JobContext,
    mut done: oneshot::Sender<Result<CommandOutput, CommandError>>,
) {
    let result = match Builder::new_current_thread().enable_all().build() {
        Err(source) => Err(CommandError::unwatched(command, source)),
        Ok(runtime) => {
            let result = runtime.block_on(async {
                tokio::select! {
                    result = command.run(context.cancelled()) => Some(result),
                    () = done.closed() => None,
                }
            });
            match result {
                Some(result) => result,
                None => return,
            }
        }
    };
    // Whoever is gone by now does not want to know.
    let _ = done.send(result);
}
