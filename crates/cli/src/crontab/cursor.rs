//! Reading a line from left to right.

/// A place in a line; knows its column, for errors.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'l> {
    line: &'l str,
    at: usize,
}

impl<'l> Cursor<'l> {
    pub(super) fn new(line: &'l str) -> Self {
        Self { line, at: 0 }
    }

    /// What has not been read.
    pub(super) fn rest(self) -> &'l str {
        &self.line[self.at..]
    }

    /// The column of what comes next, counted in characters from 1.
    pub(super) fn column(self) -> usize {
        self.line[..self.at].chars().count() + 1
    }

    pub(super) fn skip_blanks(&mut self) {
        self.take_while(is_blank);
    }

    /// Reads as long as the characters are of a kind.
    pub(super) fn take_while(&mut self, kind: impl Fn(char) -> bool) -> &'l str {
        let rest = self.rest();
        let length = rest.find(|c| !kind(c)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    /// Reads up to the next blank, and the blanks; empty at the end.
    pub(super) fn word(&mut self) -> &'l str {
        let word = self.take_while(|c| !is_blank(c));
        self.skip_blanks();
        word
    }

    /// Reads this character if it comes next.
    pub(super) fn eat(&mut self, expected: char) -> bool {
        let found = self.rest().starts_with(expected);
        if found {
            self.at += expected.len_utf8();
        }
        found
    }

    /// Reads what stands in quotes. `None`: there is no quote here, or it is never closed.
    pub(super) fn quoted(&mut self) -> Option<&'l str> {
        let quote = self.rest().chars().next().filter(|&c| is_quote(c))?;
        let (inside, _) = self.rest()[1..].split_once(quote)?;
        self.at += inside.len() + 2;
        Some(inside)
    }
}

/// The blanks of cron.
pub(super) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

pub(super) fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\'')
}
