//! A scanner for one term of a field, such as `5-20/5`.

use crate::error::SyntaxError;
use crate::field::Field;
use crate::hint::{Dialect, hint};

/// An error in a term. `at` is the number of characters before the error.
#[derive(Debug)]
pub(crate) struct ParseError {
    pub(crate) at: usize,
    pub(crate) reason: String,
}

impl ParseError {
    pub(crate) fn new(at: usize, reason: impl Into<String>) -> Self {
        Self { at, reason: reason.into() }
    }

    /// Converts the error to one about the whole `value` of a field, in which the term begins at the byte `offset`. A
    /// hint is added if the term is written like that in another dialect.
    pub(crate) fn in_field(
        self,
        dialect: Dialect,
        field: Field,
        value: &str,
        offset: usize,
    ) -> SyntaxError {
        let column = value[..offset].chars().count() + self.at + 1;
        let term = value[offset..].split(',').next().unwrap_or_default();
        let reason = match hint(dialect, field, term) {
            Some(hint) => format!("{}; {hint}", self.reason),
            None => self.reason,
        };
        SyntaxError::in_field(field, value, column, reason)
    }
}

/// The values of a field in one of the dialects.
pub(crate) struct FieldSyntax {
    pub(crate) min: u32,
    pub(crate) max: u32,
    /// The names of the values; the first name stands for `min`.
    pub(crate) names: &'static [&'static str],
    /// The allowed values, for error messages.
    pub(crate) allowed: &'static str,
}

/// A position in the text of a term.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scanner<'t> {
    text: &'t str,
    position: usize,
}

impl<'t> Scanner<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self { text, position: 0 }
    }

    fn rest(&self) -> &'t str {
        &self.text[self.position..]
    }

    fn take_while(&mut self, predicate: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let taken = &rest[..rest.find(|c| !predicate(c)).unwrap_or(rest.len())];
        self.position += taken.len();
        taken
    }

    /// The number of characters that have been read.
    pub(crate) fn column(&self) -> usize {
        self.text[..self.position].chars().count()
    }

    /// Reads `c` if it is the next character. Returns whether it was read.
    pub(crate) fn eat(&mut self, c: char) -> bool {
        let found = self.rest().starts_with(c);
        if found {
            self.position += c.len_utf8();
        }
        found
    }

    /// Reads a number. A number that is too large is returned as `u32::MAX`.
    pub(crate) fn number(&mut self) -> Option<u32> {
        let digits = self.take_while(|c| c.is_ascii_digit());
        (!digits.is_empty()).then(|| digits.parse().unwrap_or(u32::MAX))
    }

    /// Reads letters.
    pub(crate) fn word(&mut self) -> &'t str {
        self.take_while(char::is_alphabetic)
    }

    /// Returns whether the next character matches `predicate`.
    pub(crate) fn next_is(&self, predicate: impl Fn(char) -> bool) -> bool {
        self.rest().starts_with(predicate)
    }

    /// Reads up to `most` letters.
    pub(crate) fn letters(&mut self, most: usize) -> &'t str {
        let rest = self.rest();
        let letters = rest.chars().take(most).take_while(|c| c.is_alphabetic());
        let taken = &rest[..letters.map(char::len_utf8).sum()];
        self.position += taken.len();
        taken
    }

    /// Returns an error if there is unread text.
    pub(crate) fn expect_end(&self, allowed: &str) -> Result<(), ParseError> {
        if self.rest().is_empty() {
            return Ok(());
        }
        Err(ParseError::new(
            self.column(),
            format!("unexpected {:?}; allowed: {allowed}", self.rest()),
        ))
    }
}

/// Returns the index of a name in a list of names, ignoring case.
pub(crate) fn name_index(names: &[&str], name: &str) -> Option<u32> {
    let position = names.iter().position(|known| known.eq_ignore_ascii_case(name))?;
    u32::try_from(position).ok()
}
