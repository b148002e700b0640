//! Environment lines.

use super::Fault;
use super::cursor::{Cursor, is_blank, is_quote};

/// A line `NAME = value`.
///
/// Blanks around the equals sign don't count. Name and value may stand in quotes of one kind, which keep
/// blanks; nothing is expanded, and nothing is escaped. A value without quotes ends with the line, without
/// the blanks before its end.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Assignment {
    pub(super) name: String,
    pub(super) value: String,
    /// Where the value begins.
    pub(super) value_column: usize,
}

impl Assignment {
    /// Reads the line, if it is an assignment: if an equals sign follows its first word.
    pub(super) fn read(mut cursor: Cursor<'_>) -> Result<Option<Self>, (usize, Fault)> {
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
                return Err((value_column, Fault::UnclosedQuote));
            };
            cursor.skip_blanks();
            let more = cursor.rest().trim_end();
            if !more.is_empty() {
                return Err((cursor.column(), Fault::AfterQuote(more.to_owned())));
            }
            value
        } else {
            cursor.rest().trim_end()
        };
        for text in [name, value] {
            Fault::check_text(text).map_err(|fault| (value_column, fault))?;
        }
        Ok(Some(Self { name: name.to_owned(), value: value.to_owned(), value_column }))
    }
}
