//! The task of all entries.

use punctual::{JobContext, error_chain, task};
use tracing::{Instrument, error, info};

use super::RunningCommands;
use super::log;
use crate::command::{CommandError, ShellCommand, run};

/// Runs the command of an entry, and logs its output.
#[task(name = "crontab-command")]
pub(super) async fn shell_command(
    context: JobContext,
    command: ShellCommand,
) -> Result<(), CommandError> {
    let _counted = context.app_data::<RunningCommands>().map(|running| running.register());
    let span = log::run_span(context.job_id(), context.run_id());
    async {
        info!("started: {}", command.script);
        let result = run(&command, context.cancelled(), log::output).await;
        // Logged here instead of in an event listener: a run cancelled by a shutdown can finish after the scheduler has
        // stopped emitting events.
        match &result {
            Ok(()) => info!("succeeded"),
            Err(error) => error!("failed: {}; the command: {}", error_chain(error), command.script),
        }
        result
    }
    .instrument(span)
    .await
}
