//! Entries of a crontab.

use std::sync::Arc;

use punctual::{CronTrigger, TriggerError, Zone};

use super::cursor::Cursor;
use super::{Format, LineErrorKind, Variables, percent};

/// A command with its schedule and user.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The line number, from 1.
    pub line: usize,
    /// The schedule.
    pub schedule: Schedule,
    /// The user; `None` in user crontabs, whose commands run as the owner of the crontab.
    pub user: Option<String>,
    /// The command as written, with its percent signs.
    pub command: String,
    /// The script for the shell: the command up to the first percent sign.
    pub script: String,
    /// The text on standard input, if the command has any.
    pub stdin: Option<String>,
    /// The variables set by the preceding lines.
    pub variables: Arc<Variables>,
}

/// The schedule of an entry.
#[derive(Clone, Debug)]
pub enum Schedule {
    /// `@reboot`: once at each start of the daemon.
    Reboot,
    /// Five fields, or a macro such as `@daily`.
    Times {
        /// The expression, with single blanks.
        expression: String,
        /// The trigger created from the expression.
        trigger: Box<CronTrigger>,
    },
}

/// The fields in the order of the line, by the names that errors of triggers contain.
const FIELDS: [&str; 5] = ["minute", "hour", "day", "month", "day_of_week"];

impl Entry {
    /// Parses the line. The caller sets its number and variables.
    pub(super) fn read(
        mut cursor: Cursor<'_>,
        format: Format,
        zone: &Zone,
    ) -> Result<Self, (usize, LineErrorKind)> {
        let schedule = Schedule::read(&mut cursor, zone)?;
        let user = match format {
            Format::User => None,
            Format::System => {
                let column = cursor.column();
                let user = cursor.word();
                if user.is_empty() {
                    return Err((column, LineErrorKind::NoUser));
                }
                Some(user.to_owned())
            }
        };
        let command = cursor.rest();
        if command.is_empty() {
            return Err((cursor.column(), LineErrorKind::NoCommand));
        }
        LineErrorKind::check_text(command).map_err(|kind| (cursor.column(), kind))?;
        let (script, stdin) = percent::split(command);
        Ok(Self {
            line: 0,
            schedule,
            user,
            command: command.to_owned(),
            script,
            stdin,
            variables: Arc::default(),
        })
    }
}

impl Schedule {
    fn read(cursor: &mut Cursor<'_>, zone: &Zone) -> Result<Self, (usize, LineErrorKind)> {
        let start = cursor.column();
        if cursor.rest().starts_with('@') {
            let name = cursor.word();
            if name.eq_ignore_ascii_case("@reboot") {
                return Ok(Self::Reboot);
            }
            return Self::times(name, zone).map_err(|error| (start, error.into()));
        }
        let mut columns = [start; 5];
        let mut words = [""; 5];
        for (column, word) in columns.iter_mut().zip(&mut words) {
            *column = cursor.column();
            *word = cursor.word();
        }
        Self::times(words.join(" ").trim_end(), zone).map_err(|error| match error {
            TriggerError::InvalidField { field, value, column, reason, .. } => {
                let position = FIELDS.iter().position(|&known| known == field);
                let before = position.map_or(start, |position| columns[position]);
                let kind = LineErrorKind::Field { field, value, reason };
                (before + column - 1, kind)
            }
            other => (start, other.into()),
        })
    }

    fn times(expression: &str, zone: &Zone) -> Result<Self, TriggerError> {
        let trigger = CronTrigger::from_crontab(expression).timezone(zone).build()?;
        Ok(Self::Times { expression: expression.to_owned(), trigger: Box::new(trigger) })
    }
}
