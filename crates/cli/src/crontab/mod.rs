//! Crontab files, as cron reads them.
//!
//! What is understood is Debian's crontab(5), and of cronie's the variable `CRON_TZ`. Three things that Debian's
//! cron refuses are taken as they are meant: a last line without its newline, lines that end in carriage
//! return and newline, and a variable without a value.

mod assignment;
mod cursor;
mod entry;
mod error;
mod format;
mod percent;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use punctual::Zone;

use assignment::Assignment;
use cursor::Cursor;
pub use entry::{Entry, Schedule};
pub use error::{CrontabError, Fault, LineError};
pub use format::Format;

/// The variables that a crontab sets, by name.
pub type Variables = BTreeMap<String, String>;

/// The variable that names the zone of the entries after it.
const ZONE_VARIABLE: &str = "CRON_TZ";

/// A crontab that has been read and understood as a whole.
#[derive(Clone, Debug)]
pub struct Crontab {
    /// What it wants to be run, in the order of its lines.
    pub entries: Vec<Entry>,
}

impl Crontab {
    /// Reads a file. Its format is guessed from its path if none is given; its times are in `zone` where it
    /// names none itself.
    ///
    /// # Errors
    ///
    /// When the file can't be read, or with all that is wrong with its lines.
    pub fn read(path: &Path, format: Option<Format>, zone: &Zone) -> Result<Self, CrontabError> {
        let file = path.display().to_string();
        let format = format.unwrap_or_else(|| Format::of_path(path));
        match std::fs::read(path) {
            // Comments may be in any encoding; what is run may not.
            Ok(bytes) => Self::parse(&file, &String::from_utf8_lossy(&bytes), format, zone),
            Err(source) => Err(CrontabError::Unreadable { file, source }),
        }
    }

    /// Understands the text of the crontab `file`.
    ///
    /// # Errors
    ///
    /// With all that is wrong with its lines.
    pub fn parse(
        file: &str,
        text: &str,
        format: Format,
        zone: &Zone,
    ) -> Result<Self, CrontabError> {
        let mut reader =
            Reader { format, default_zone: zone, zone: zone.clone(), variables: Arc::default() };
        let mut entries = Vec::new();
        let mut errors = Vec::new();
        for (index, line) in text.lines().enumerate() {
            match reader.line(index + 1, line) {
                Ok(entry) => entries.extend(entry),
                Err(error) => errors.push(error),
            }
        }
        if errors.is_empty() {
            Ok(Self { entries })
        } else {
            let file = file.to_owned();
            Err(CrontabError::Invalid { file, errors })
        }
    }
}

/// What holds for the next line.
struct Reader<'z> {
    format: Format,
    default_zone: &'z Zone,
    zone: Zone,
    variables: Arc<Variables>,
}

impl Reader<'_> {
    /// Reads one line: an entry, or nothing but a change of what holds for the lines after it.
    fn line(&mut self, number: usize, line: &str) -> Result<Option<Entry>, LineError> {
        let mut cursor = Cursor::new(line);
        cursor.skip_blanks();
        let text = cursor.rest();
        if text.is_empty() || text.starts_with('#') {
            return Ok(None);
        }
        let at = |(column, fault)| LineError { line: number, column, fault };
        if let Some(assignment) = Assignment::read(cursor).map_err(at)? {
            self.assign(assignment).map_err(at)?;
            return Ok(None);
        }
        let entry = Entry::read(cursor, self.format, &self.zone).map_err(at)?;
        Ok(Some(Entry { line: number, variables: Arc::clone(&self.variables), ..entry }))
    }

    fn assign(&mut self, assignment: Assignment) -> Result<(), (usize, Fault)> {
        let Assignment { name, value, value_column } = assignment;
        if name == ZONE_VARIABLE {
            self.zone = match value.as_str() {
                "" => self.default_zone.clone(),
                zone => Zone::named(zone).map_err(|error| (value_column, error.into()))?,
            };
        }
        Arc::make_mut(&mut self.variables).insert(name, value);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
