//! Variable assignments.

use super::LineErrorKind;
use super::cursor::{Cursor, is_blank, is_quote};

/// A line `NAME = value`.
///
/// Blanks around the equals sign are ignored. Name and value may be quoted, which preserves blanks; nothing is expanded
/// or escaped. An unquoted value ends at the end of the line, without trailing blanks.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Assignment {
    pub(super) name: String,
    pub(super) value: String,
    /// The column of the value.
    pub(super) value_column: usize,
}

impl Assignment {
    /// Parses the line if it is an assignment, which has an equals sign after its first word.
    pub(super) fn read(mut cursor: Cursor<'_>) -> Result<Option<Self>, (usize, LineErrorKind)> {
        let name = match cursor.quoted() {
            Some(name) => name,
            None => cursor.take_while(|c| c != '=' && !is_blank(c)),
        };
        cursor.skip_blanks();
        if name.is_empty() || !cursor.eat('=') {
            return Ok(None);
        }
        cursor.skip_blanks();
        let value_column = cursor.column();
        let value = if cursor.rest().starts_with(is_quote) {
            let Some(value) = cursor.quoted() else {
                return Err((value_column, LineErrorKind::UnclosedQuote));
            };
            cursor.skip_blanks();
            let more = cursor.rest().trim_end();
            if !more.is_empty() {
                return Err((cursor.column(), LineErrorKind::AfterQuote(more.to_owned())));
            }
            value
        } else {
            cursor.rest().trim_end()
        };
        for text in [name, value] {
            LineErrorKind::check_text(text).map_err(|kind| (value_column, kind))?;
        }
        Ok(Some(Self { name: name.to_owned(), value: value.to_owned(), value_column }))
    }
}
