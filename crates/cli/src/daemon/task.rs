//! The one task of all entries.

use punctual::{JobContext, error_chain, task};
use tracing::{Instrument, error, info};

use super::RunningCommands;
use super::log;
use crate::command::{CommandError, ShellCommand, run};

/// Runs an entry's command, and logs what it prints.
#[task(name = "crontab-command")]
pub(super) async fn shell_command(
    context: JobContext,
    command: ShellCommand,
) -> Result<(), CommandError> {
    let _counted = context.state::<RunningCommands>().map(|running| running.count());
    let span = log::run_span(context.job_id(), context.run_id());
    async {
        info!("started: {}", command.script);
        let result = run(&command, context.cancelled(), log::output).await;
        // Here and not by a listener: a run that a shutdown has ended is over after the scheduler.
        match &result {
            Ok(()) => info!("done"),
            Err(error) => error!("failed: {}; the command: {}", error_chain(error), command.script),
        }
        result
    }
    .instrument(span)
    .await
}
