//! The punctual command.

use std::error::Error;
use std::fmt::Display;
use std::process::{self, ExitCode};
use std::time::Duration;
use std::{env, io};

use clap::Parser;
use punctual::{Clock, SystemClock, error_chain};
use punctual_cli::args::{Cli, Command, RunArgs};
use punctual_cli::command::become_user;
use punctual_cli::daemon::{self, DaemonError};
use punctual_cli::history::{self, HistoryArgs, HistoryError};
use punctual_cli::next::{self, NextError};
use punctual_cli::secret::hide;
use tokio::runtime::Builder;

/// The exit status that shells use for a command that can't be executed.
const EXIT_CANNOT_EXECUTE: u8 = 126;
/// How long to wait for the threads of the runtime to exit.
const RUNTIME_SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    match parse().command {
        Command::Next(args) => {
            let now = SystemClock.now();
            let warn = |text| report(&text);
            match next::print(&args, now, &mut io::stdout().lock(), warn) {
                // The reader has closed the pipe, as in `| head`.
                Err(NextError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
                    ExitCode::SUCCESS
                }
                result => exit_code(result),
            }
        }
        Command::History(args) => {
            let warn = |text: String| report(&text);
            match history(&args, warn) {
                Err(HistoryError::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
                    ExitCode::SUCCESS
                }
                result => exit_code(result),
            }
        }
        Command::Run(args) => {
            daemon::init_log();
            exit_code(run(&args))
        }
        Command::Become(args) => {
            let error = become_user(&args.user, &args.directory, &args.command);
            report(&error_chain(&error));
            ExitCode::from(EXIT_CANNOT_EXECUTE)
        }
    }
}

fn parse() -> Cli {
    Cli::try_parse().unwrap_or_else(|error| {
        let text = error.to_string();
        if without_secrets(text.clone()) == text {
            error.exit();
        }
        report(&text);
        process::exit(error.exit_code());
    })
}

fn history(args: &HistoryArgs, warn: impl FnOnce(String)) -> Result<(), HistoryError> {
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(DaemonError::from)?;
    runtime.block_on(history::print(args, SystemClock.now(), &mut io::stdout().lock(), warn))
}

fn run(args: &RunArgs) -> Result<(), DaemonError> {
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    let result = runtime.block_on(daemon::serve(args));
    // Commands that are still running are killed when the runtime is dropped.
    runtime.shutdown_timeout(RUNTIME_SHUTDOWN_TIMEOUT);
    result
}

fn exit_code<E: Error>(result: Result<(), E>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report(&error_chain(&error));
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "a command prints its errors to standard error")]
fn report(text: &dyn Display) {
    eprintln!("punctual: {}", without_secrets(text.to_string()));
}

/// Removes URLs from an error, which may repeat arguments, including a URL with a password in the wrong position.
fn without_secrets(text: String) -> String {
    hide(text, env::args_os())
}
