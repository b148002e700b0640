//! A cursor for parsing a line.

/// A position in a line, with its column for errors.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor<'l> {
    line: &'l str,
    at: usize,
}

impl<'l> Cursor<'l> {
    pub(super) fn new(line: &'l str) -> Self {
        Self { line, at: 0 }
    }

    /// The unread part of the line.
    pub(super) fn rest(self) -> &'l str {
        &self.line[self.at..]
    }

    /// The column of the next character, counted in characters from 1.
    pub(super) fn column(self) -> usize {
        self.line[..self.at].chars().count() + 1
    }

    pub(super) fn skip_blanks(&mut self) {
        self.take_while(is_blank);
    }

    /// Reads characters while `kind` returns `true`.
    pub(super) fn take_while(&mut self, kind: impl Fn(char) -> bool) -> &'l str {
        let rest = self.rest();
        let length = rest.find(|c| !kind(c)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    /// Reads a word and the blanks after it; returns an empty string at the end of the line.
    pub(super) fn word(&mut self) -> &'l str {
        let word = self.take_while(|c| !is_blank(c));
        self.skip_blanks();
        word
    }

    /// Reads the next character if it is `expected`. Returns whether it was.
    pub(super) fn eat(&mut self, expected: char) -> bool {
        let found = self.rest().starts_with(expected);
        if found {
            self.at += expected.len_utf8();
        }
        found
    }

    /// Reads a quoted string. Returns `None` if the next character is not a quote, or the quote is not closed.
    pub(super) fn quoted(&mut self) -> Option<&'l str> {
        let quote = self.rest().chars().next().filter(|&c| is_quote(c))?;
        let (inside, _) = self.rest()[1..].split_once(quote)?;
        self.at += inside.len() + 2;
        Some(inside)
    }
}

/// Whether cron treats the character as a blank.
pub(super) fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

pub(super) fn is_quote(c: char) -> bool {
    matches!(c, '"' | '\'')
}
