//! What can be wrong with a crontab.

use std::fmt;
use std::io;

use punctual::{TriggerError, ZoneError, error_chain};

/// A crontab that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum CrontabError {
    /// The file can't be read.
    #[error("{file} can't be read")]
    Unreadable {
        /// The file.
        file: String,
        /// Why.
        source: io::Error,
    },
    /// Some of its lines are wrong. Shown as one line for each, which begins with file, line and column.
    #[error("{}", Listing(file, errors))]
    Invalid {
        /// The file.
        file: String,
        /// All that is wrong, in the order of the lines.
        errors: Vec<LineError>,
    },
}

/// What is wrong with a line, and where: its text is the place, `3:1`.
#[derive(Debug, thiserror::Error)]
#[error("{line}:{column}")]
pub struct LineError {
    /// The line, from 1.
    pub line: usize,
    /// The column, in characters from 1.
    pub column: usize,
    /// What is wrong there.
    #[source]
    pub fault: Fault,
}

/// What can be wrong with a line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// A time field has a value that it can't have.
    #[error("{field} {value:?}: {reason}")]
    Field {
        /// The field.
        field: &'static str,
        /// What is written in it.
        value: String,
        /// What is wrong with that, and what is allowed.
        reason: String,
    },
    /// The times are wrong as a whole: too few fields, or an unknown macro.
    #[error(transparent)]
    Times(#[from] TriggerError),
    /// `CRON_TZ` names no zone that is known here.
    #[error("CRON_TZ is not valid")]
    Zone(#[from] ZoneError),
    /// The format of the system has a user after the times.
    #[error("the user is missing; a system crontab names one between the times and the command")]
    NoUser,
    /// The line ends before a command.
    #[error("the command is missing")]
    NoCommand,
    /// A value begins with a quote that is never closed.
    #[error("the quote is never closed")]
    UnclosedQuote,
    /// Something follows a value in quotes.
    #[error("{0:?} after the closing quote; a value in quotes ends with them")]
    AfterQuote(String),
    /// No program can be given a NUL.
    #[error("a NUL character, which no command can be given")]
    Nul,
    /// The bytes are no UTF-8, so that the command would not be what was written.
    #[error("this is not UTF-8")]
    NotUtf8,
}

impl Fault {
    /// Refuses text that would not reach a command as it was written.
    pub(super) fn check_text(text: &str) -> Result<(), Self> {
        if text.contains('\0') {
            Err(Self::Nul)
        } else if text.contains(char::REPLACEMENT_CHARACTER) {
            Err(Self::NotUtf8)
        } else {
            Ok(())
        }
    }
}

struct Listing<'e>(&'e str, &'e [LineError]);

impl fmt::Display for Listing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.1.iter().enumerate() {
            let newline = if index == 0 { "" } else { "\n" };
            write!(f, "{newline}{}:{}", self.0, error_chain(error))?;
        }
        Ok(())
    }
}
