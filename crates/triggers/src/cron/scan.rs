//! Reading one item of a field, such as `5-20/5`.

use punctual_core::TriggerError;

use super::field::Field;

/// What is wrong in an item, and where: the number of characters before it.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) at: usize,
    pub(super) reason: String,
}

impl Fault {
    pub(super) fn new(at: usize, reason: impl Into<String>) -> Self {
        Self { at, reason: reason.into() }
    }

    /// The error for the whole `value` of a field, in which the item begins after so many bytes.
    pub(super) fn in_field(self, field: Field, value: &str, offset: usize) -> TriggerError {
        let column = value[..offset].chars().count() + self.at + 1;
        TriggerError::invalid_field(field.name(), value, column, self.reason)
    }
}

/// A position in the text of an item.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scanner<'t> {
    text: &'t str,
    position: usize,
}

impl<'t> Scanner<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, position: 0 }
    }

    fn rest(&self) -> &'t str {
        &self.text[self.position..]
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let taken = &rest[..rest.find(|c| !wanted(c)).unwrap_or(rest.len())];
        self.position += taken.len();
        taken
    }

    /// How many characters have been read.
    pub(super) fn column(&self) -> usize {
        self.text[..self.position].chars().count()
    }

    /// Reads `c` if it comes next.
    pub(super) fn eat(&mut self, c: char) -> bool {
        let found = self.rest().starts_with(c);
        if found {
            self.position += c.len_utf8();
        }
        found
    }

    /// Reads a number; one that is too large for anything comes out as the largest there is.
    pub(super) fn number(&mut self) -> Option<u32> {
        let digits = self.take_while(|c| c.is_ascii_digit());
        (!digits.is_empty()).then(|| digits.parse().unwrap_or(u32::MAX))
    }

    /// Reads letters.
    pub(super) fn word(&mut self) -> &'t str {
        self.take_while(char::is_alphabetic)
    }

    /// Whether such a character comes next.
    pub(super) fn next_is(&self, wanted: impl Fn(char) -> bool) -> bool {
        self.rest().starts_with(wanted)
    }

    /// Reads up to `most` letters.
    pub(super) fn letters(&mut self, most: usize) -> &'t str {
        let rest = self.rest();
        let letters = rest.chars().take(most).take_while(|c| c.is_alphabetic());
        let taken = &rest[..letters.map(char::len_utf8).sum()];
        self.position += taken.len();
        taken
    }

    /// Refuses whatever is left.
    pub(super) fn finish(&self, allowed: &str) -> Result<(), Fault> {
        if self.rest().is_empty() {
            return Ok(());
        }
        Err(Fault::new(self.column(), format!("unexpected {:?}; allowed: {allowed}", self.rest())))
    }
}

/// The value of a name in a list of names, in any case.
pub(super) fn value_of(names: &[&str], name: &str) -> Option<u32> {
    let position = names.iter().position(|known| known.eq_ignore_ascii_case(name))?;
    u32::try_from(position).ok()
}
