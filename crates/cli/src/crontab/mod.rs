//! A parser for crontab files.
//!
//! Supports Debian's crontab(5) and cronie's `CRON_TZ` variable. Unlike Debian's cron, it also accepts a last line
//! without newline, CRLF line endings, and empty values of variables.

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
pub use error::{CrontabError, LineError, LineErrorKind};
pub use format::Format;

/// The variables set by a crontab, by name.
pub type Variables = BTreeMap<String, String>;

/// The variable that sets the time zone of the entries after it.
const ZONE_VARIABLE: &str = "CRON_TZ";

/// A parsed crontab.
#[derive(Clone, Debug)]
pub struct Crontab {
    /// The entries, in the order of the lines.
    pub entries: Vec<Entry>,
}

impl Crontab {
    /// Reads and parses a file. If `format` is `None`, it is determined from the path. `zone` is the time zone of
    /// entries without `CRON_TZ`.
    ///
    /// # Errors
    ///
    /// Returns an error if the file can't be read, or all errors of its lines.
    pub fn read(path: &Path, format: Option<Format>, zone: &Zone) -> Result<Self, CrontabError> {
        let file = path.display().to_string();
        let format = format.unwrap_or_else(|| Format::of_path(path));
        match std::fs::read(path) {
            // Comments may be in any encoding; only entries and variables must be UTF-8.
            Ok(bytes) => Self::parse(&file, &String::from_utf8_lossy(&bytes), format, zone),
            Err(source) => Err(CrontabError::Unreadable { file, source }),
        }
    }

    /// Parses the text of the crontab `file`.
    ///
    /// # Errors
    ///
    /// Returns all errors of its lines.
    pub fn parse(
        file: &str,
        text: &str,
        format: Format,
        zone: &Zone,
    ) -> Result<Self, CrontabError> {
        let mut parser =
            Parser { format, default_zone: zone, zone: zone.clone(), variables: Arc::default() };
        let mut entries = Vec::new();
        let mut errors = Vec::new();
        for (index, line) in text.lines().enumerate() {
            match parser.parse_line(index + 1, line) {
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

/// The state of the parser between lines.
struct Parser<'z> {
    format: Format,
    default_zone: &'z Zone,
    zone: Zone,
    variables: Arc<Variables>,
}

impl Parser<'_> {
    /// Parses one line. Returns an entry, or `None` for a comment, an empty line or an assignment, which applies to the
    /// following lines.
    fn parse_line(&mut self, number: usize, line: &str) -> Result<Option<Entry>, LineError> {
        let mut cursor = Cursor::new(line);
        cursor.skip_blanks();
        let text = cursor.rest();
        if text.is_empty() || text.starts_with('#') {
            return Ok(None);
        }
        let at = |(column, kind)| LineError { line: number, column, kind };
        if let Some(assignment) = Assignment::read(cursor).map_err(at)? {
            self.assign(assignment).map_err(at)?;
            return Ok(None);
        }
        let entry = Entry::read(cursor, self.format, &self.zone).map_err(at)?;
        Ok(Some(Entry { line: number, variables: Arc::clone(&self.variables), ..entry }))
    }

    fn assign(&mut self, assignment: Assignment) -> Result<(), (usize, LineErrorKind)> {
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
