//! Lines that say what to run, and when.

use std::sync::Arc;

use punctual::{CronTrigger, TriggerError, Zone};

use super::cursor::Cursor;
use super::{Fault, Format, Variables, percent};

/// A command, and when and as whom to run it.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The number of its line, from 1.
    pub line: usize,
    /// When to run it.
    pub schedule: Schedule,
    /// As whom to run it; none in the format of users, where it is the owner of the crontab.
    pub user: Option<String>,
    /// The command as it is written, with its percent signs.
    pub command: String,
    /// What the shell is to run.
    pub script: String,
    /// What the command is to read from its standard input, if there is anything.
    pub stdin: Option<String>,
    /// The variables that the lines before it have set.
    pub variables: Arc<Variables>,
}

/// When to run an entry.
#[derive(Clone, Debug)]
pub enum Schedule {
    /// Once, whenever the daemon starts: `@reboot`.
    Reboot,
    /// At the times of five fields, or of a macro such as `@daily`.
    Times {
        /// What is written, with single blanks.
        expression: String,
        /// What that means.
        trigger: Box<CronTrigger>,
    },
}

/// The fields of a line in its order, by the names that triggers give them in errors.
const FIELDS: [&str; 5] = ["minute", "hour", "day", "month", "day_of_week"];

impl Entry {
    /// Reads the line; its number and variables are left to the caller.
    pub(super) fn read(
        mut cursor: Cursor<'_>,
        format: Format,
        zone: &Zone,
    ) -> Result<Self, (usize, Fault)> {
        let schedule = Schedule::read(&mut cursor, zone)?;
        let user = match format {
            Format::User => None,
            Format::System => {
                let column = cursor.column();
                let user = cursor.word();
                if user.is_empty() {
                    return Err((column, Fault::NoUser));
                }
                Some(user.to_owned())
            }
        };
        let command = cursor.rest();
        if command.is_empty() {
            return Err((cursor.column(), Fault::NoCommand));
        }
        Fault::check_text(command).map_err(|fault| (cursor.column(), fault))?;
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
    fn read(cursor: &mut Cursor<'_>, zone: &Zone) -> Result<Self, (usize, Fault)> {
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
                let fault = Fault::Field { field, value, reason };
                (before + column - 1, fault)
            }
            other => (start, other.into()),
        })
    }

    fn times(expression: &str, zone: &Zone) -> Result<Self, TriggerError> {
        let trigger = CronTrigger::from_crontab(expression).timezone(zone).build()?;
        Ok(Self::Times { expression: expression.to_owned(), trigger: Box::new(trigger) })
    }
}
