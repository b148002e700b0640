//! Keeping the beginning and the end of what a command prints.

use std::collections::VecDeque;

use crate::{CapturedOutput, CommandOutput, CommandStatus, CommandStream};

/// The first and the last bytes of a stream, and how many there were in between. However long the stream is, it
/// takes no more memory than its limit.
#[derive(Debug)]
struct Capture {
    head: Vec<u8>,
    head_limit: usize,
    tail: VecDeque<u8>,
    tail_limit: usize,
    dropped: u64,
}

impl Capture {
    /// Keeps so many bytes.
    fn new(limit: usize) -> Self {
        let tail_limit = limit / 2;
        Self {
            head: Vec::new(),
            head_limit: limit - tail_limit,
            tail: VecDeque::new(),
            tail_limit,
            dropped: 0,
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        let room = self.head_limit - self.head.len();
        let (head, rest) = bytes.split_at(bytes.len().min(room));
        self.head.extend_from_slice(head);
        // Of a long piece only the end can stay.
        let (over, end) = rest.split_at(rest.len().saturating_sub(self.tail_limit));
        let crowded_out = (self.tail.len() + end.len()).saturating_sub(self.tail_limit);
        self.tail.drain(..crowded_out);
        self.tail.extend(end);
        self.dropped += (over.len() + crowded_out) as u64;
    }

    fn finish(self) -> CapturedOutput {
        let Self { mut head, tail, dropped, .. } = self;
        let mut tail = Vec::from(tail);
        if dropped == 0 {
            // A character may lie on the border.
            head.append(&mut tail);
        }
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        CapturedOutput { head: text(head), dropped, tail: text(tail) }
    }
}

/// What is kept of both streams, and who sees them at once.
pub(crate) struct Recorder<W> {
    stdout: Capture,
    stderr: Capture,
    watch: W,
}

impl<W: FnMut(CommandStream, &[u8])> Recorder<W> {
    pub(crate) fn new(limit: usize, watch: W) -> Self {
        Self { stdout: Capture::new(limit), stderr: Capture::new(limit), watch }
    }

    pub(crate) fn record(&mut self, stream: CommandStream, bytes: &[u8]) {
        (self.watch)(stream, bytes);
        match stream {
            CommandStream::Stdout => self.stdout.push(bytes),
            CommandStream::Stderr => self.stderr.push(bytes),
        }
    }

    pub(crate) fn finish(self, status: CommandStatus) -> CommandOutput {
        CommandOutput { status, stdout: self.stdout.finish(), stderr: self.stderr.finish() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn capture(limit: usize, pieces: &[&str]) -> (String, u64, String) {
        let mut capture = Capture::new(limit);
        pieces.iter().for_each(|piece| capture.push(piece.as_bytes()));
        let CapturedOutput { head, dropped, tail } = capture.finish();
        (head, dropped, tail)
    }

    #[test]
    fn both_ends_are_kept_and_the_rest_is_counted() {
        for (limit, pieces, expected) in [
            (6, &[] as &[_], ("", 0, "")),
            (6, &["abc"], ("abc", 0, "")),
            (6, &["abcdef"], ("abcdef", 0, "")),
            (6, &["ab", "cd", "ef"], ("abcdef", 0, "")),
            (6, &["abcdefg"], ("abc", 1, "efg")),
            (6, &["abcdef", "g"], ("abc", 1, "efg")),
            (6, &["a", "bcdefgh", "ij"], ("abc", 4, "hij")),
            (5, &["abcdefgh"], ("abc", 3, "gh")),
            (1, &["abc"], ("a", 2, "")),
            (0, &["abc"], ("", 3, "")),
        ] {
            let (head, dropped, tail) = expected;
            let expected = (head.to_owned(), dropped, tail.to_owned());
            assert_eq!(capture(limit, pieces), expected, "{limit} {pieces:?}");
        }
    }

    #[test]
    fn characters_are_whole_unless_something_is_missing_there() {
        assert_eq!(capture(4, &["aäb"]), ("aäb".into(), 0, String::new()));
        assert_eq!(capture(4, &["aäbäc"]), ("a\u{fffd}".into(), 3, "\u{fffd}c".into()));
    }
}
