//! Errors of crontabs.

use std::fmt;
use std::io;

use punctual::{TriggerError, ZoneError, error_chain};

/// An error of reading or parsing a crontab.
#[derive(Debug, thiserror::Error)]
pub enum CrontabError {
    /// The file can't be read.
    #[error("{file} can't be read")]
    Unreadable {
        /// The file.
        file: String,
        /// The underlying error.
        source: io::Error,
    },
    /// Some lines have errors. The text has one line for each error, which starts with file, line and column.
    #[error("{}", Listing(file, errors))]
    Invalid {
        /// The file.
        file: String,
        /// The errors, in the order of the lines.
        errors: Vec<LineError>,
    },
}

/// An error in a line. Its text is the position, such as `3:1`; its source is the kind of error.
#[derive(Debug, thiserror::Error)]
#[error("{line}:{column}")]
pub struct LineError {
    /// The line, from 1.
    pub line: usize,
    /// The column, in characters from 1.
    pub column: usize,
    /// The kind of error.
    #[source]
    pub kind: LineErrorKind,
}

/// An error in a line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LineErrorKind {
    /// A field has an invalid value.
    #[error("{field} {value:?}: {reason}")]
    Field {
        /// The field.
        field: &'static str,
        /// The value.
        value: String,
        /// Why it is invalid, and which values are allowed.
        reason: String,
    },
    /// The schedule has too few fields or is an unknown macro.
    #[error(transparent)]
    Schedule(#[from] TriggerError),
    /// `CRON_TZ` is not a known time zone.
    #[error("CRON_TZ is not valid")]
    Zone(#[from] ZoneError),
    /// The user column of a system crontab is missing.
    #[error(
        "the user is missing; a system crontab has a user between the schedule and the command"
    )]
    NoUser,
    /// The command is missing.
    #[error("the command is missing")]
    NoCommand,
    /// The opening quote of a value is not closed.
    #[error("the quote is not closed")]
    UnclosedQuote,
    /// A quoted value is followed by other text.
    #[error("unexpected text after the closing quote: {0:?}")]
    AfterQuote(String),
    /// A NUL character can't be passed to a program.
    #[error("a NUL character can't be passed to a command")]
    Nul,
    /// The line is not UTF-8, so the command can't be passed on unchanged.
    #[error("the line is not UTF-8")]
    NotUtf8,
}

impl LineErrorKind {
    /// Rejects text that can't be passed to a command unchanged.
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
