//! A bounded buffer for the output of a command.

use std::collections::VecDeque;

use punctual_core::OutputStream;

use crate::{CapturedOutput, CommandOutput, CommandStatus};

/// The first and the last bytes of a stream, and the number of dropped bytes between them. Memory use is bounded by the
/// limit.
#[derive(Debug)]
struct HeadTailBuffer {
    head: Vec<u8>,
    head_limit: usize,
    tail: VecDeque<u8>,
    tail_limit: usize,
    dropped: u64,
}

impl HeadTailBuffer {
    /// Creates a buffer that keeps `limit` bytes.
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
        // Of a long chunk, only the end can be kept.
        let (skipped, end) = rest.split_at(rest.len().saturating_sub(self.tail_limit));
        let displaced = (self.tail.len() + end.len()).saturating_sub(self.tail_limit);
        self.tail.drain(..displaced);
        self.tail.extend(end);
        self.dropped += (skipped.len() + displaced) as u64;
    }

    fn finish(self) -> CapturedOutput {
        let Self { mut head, tail, dropped, .. } = self;
        let mut tail = Vec::from(tail);
        if dropped == 0 {
            // A character may be split between head and tail.
            head.append(&mut tail);
        }
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        CapturedOutput { head: text(head), dropped, tail: text(tail) }
    }
}

/// The buffers of both streams, and a callback that receives each chunk of output immediately.
pub(crate) struct Recorder<W> {
    stdout: HeadTailBuffer,
    stderr: HeadTailBuffer,
    on_output: W,
}

impl<W: FnMut(OutputStream, &[u8])> Recorder<W> {
    pub(crate) fn new(limit: usize, on_output: W) -> Self {
        Self { stdout: HeadTailBuffer::new(limit), stderr: HeadTailBuffer::new(limit), on_output }
    }

    pub(crate) fn record(&mut self, stream: OutputStream, bytes: &[u8]) {
        (self.on_output)(stream, bytes);
        match stream {
            OutputStream::Stdout => self.stdout.push(bytes),
            OutputStream::Stderr => self.stderr.push(bytes),
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
        let mut capture = HeadTailBuffer::new(limit);
        pieces.iter().for_each(|piece| capture.push(piece.as_bytes()));
        let CapturedOutput { head, dropped, tail } = capture.finish();
        (head, dropped, tail)
    }

    #[test]
    fn head_and_tail_are_kept_and_dropped_bytes_are_counted() {
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
    fn characters_are_split_only_where_bytes_were_dropped() {
        assert_eq!(capture(4, &["aäb"]), ("aäb".into(), 0, String::new()));
        assert_eq!(capture(4, &["aäbäc"]), ("a\u{fffd}".into(), 3, "\u{fffd}c".into()));
    }
}
