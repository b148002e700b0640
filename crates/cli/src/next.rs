//! `punctual next`: the fire times of an expression.

use std::io::{self, Write};

use punctual::{CronTrigger, Timestamp, TriggerError, TriggerExt};

use crate::args::NextArgs;
use crate::zone;

/// Prints the next fire times from `now` or `--from` on, one per line (`Sun 2026-03-29 03:00:00 +03:00`), or explains
/// them. `warn` is called with a warning if there is one.
///
/// # Errors
///
/// Returns an error if an argument is invalid or the expression never fires.
pub fn print(
    args: &NextArgs,
    now: Timestamp,
    out: &mut impl Write,
    warn: impl FnOnce(String),
) -> Result<(), NextError> {
    let zone = match &args.zone {
        Some(zone) => zone.clone(),
        None => zone::local_or_utc(warn),
    };
    let trigger = CronTrigger::from_crontab(&*args.expression).timezone(&zone);
    let (trigger, from) = match &args.from {
        Some(start) => (trigger.start_date(&**start).build()?, Timestamp::MIN),
        None => (trigger.build()?, now),
    };
    if trigger.fires(from).next().is_none() {
        return Err(NextError::Never(args.expression.clone()));
    }
    if args.explain {
        write!(out, "{}", trigger.explain(from, args.count))?;
        return Ok(());
    }
    for fire in trigger.fires(from).take(args.count) {
        writeln!(out, "{}", fire.in_zone(&zone).format("%a %F %T %:z"))?;
    }
    Ok(())
}

/// An error of printing fire times.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NextError {
    /// An argument is invalid.
    #[error(transparent)]
    Invalid(#[from] TriggerError),
    /// The expression never fires.
    #[error("{0:?} never fires")]
    Never(String),
    /// Writing the output failed.
    #[error("the fire times can't be written")]
    Output(#[from] io::Error),
}
