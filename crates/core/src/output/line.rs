//! Lines of output.

use super::OutputStream;
use crate::job::JobId;
use crate::store::RunId;

/// The maximum size of a line in bytes; longer ones are split.
const MAX_LINE_LEN: usize = 8 << 10;

/// A line that a job has printed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OutputLine<'a> {
    /// The current run of the process; `None` for output between two runs, such as from a program that a job has
    /// started and that is still running.
    pub run_id: Option<RunId>,
    /// The run's job.
    pub job_id: Option<&'a JobId>,
    /// The stream.
    pub stream: OutputStream,
    /// The line without its line ending. Invalid UTF-8 is replaced by U+FFFD; a line of more than 8 KiB is split.
    pub text: &'a str,
}

impl<'a> OutputLine<'a> {
    /// Creates a line of a run of the job, or of no run.
    #[must_use]
    pub fn new(source: Option<(RunId, &'a JobId)>, stream: OutputStream, text: &'a str) -> Self {
        let (run_id, job_id) = source.unzip();
        Self { run_id, job_id, stream, text }
    }
}

/// Splits the output of a stream into lines.
///
/// ```
/// use punctual_core::LineSplitter;
///
/// let mut lines = Vec::new();
/// let mut splitter = LineSplitter::default();
/// splitter.push(b"one\ntw", |line| lines.push(line.to_owned()));
/// splitter.push(b"o\nthree", |line| lines.push(line.to_owned()));
/// splitter.finish(|line| lines.push(line.to_owned()));
/// assert_eq!(lines, ["one", "two", "three"]);
/// ```
#[derive(Debug, Default)]
pub struct LineSplitter {
    /// The line whose end has not been read yet.
    partial: Vec<u8>,
}

impl LineSplitter {
    /// Adds a chunk of output, and calls `emit` for each line that is complete, without its line ending. Invalid UTF-8
    /// is replaced by U+FFFD; a line of more than 8 KiB is split.
    pub fn push(&mut self, bytes: &[u8], mut emit: impl FnMut(&str)) {
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            let (text, ends) = match piece.split_last() {
                Some((b'\n', text)) => (text, true),
                _ => (piece, false),
            };
            for part in text.chunks(MAX_LINE_LEN) {
                if self.partial.len() + part.len() > MAX_LINE_LEN {
                    self.emit(&mut emit);
                }
                self.partial.extend_from_slice(part);
            }
            if ends {
                self.emit(&mut emit);
            }
        }
    }

    /// Calls `emit` for the incomplete last line, if there is one.
    pub fn finish(&mut self, mut emit: impl FnMut(&str)) {
        if !self.partial.is_empty() {
            self.emit(&mut emit);
        }
    }

    fn emit(&mut self, emit: &mut impl FnMut(&str)) {
        emit(&String::from_utf8_lossy(&self.partial));
        self.partial.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(chunks: &[&[u8]]) -> Vec<String> {
        let (mut lines, mut splitter) = (Vec::new(), LineSplitter::default());
        chunks.iter().for_each(|chunk| splitter.push(chunk, |line| lines.push(line.to_owned())));
        splitter.finish(|line| lines.push(line.to_owned()));
        lines
    }

    #[test]
    fn lines_are_independent_of_chunks() {
        assert_eq!(split(&[]), [""; 0]);
        assert_eq!(split(&[b"a\n\nb"]), ["a", "", "b"]);
        assert_eq!(split(&[b"a", b"b\n", b"c\n"]), ["ab", "c"]);
        assert_eq!(split(&[b"a\xff\n"]), ["a\u{fffd}"]);
    }

    #[test]
    fn long_lines_are_split() {
        let lines = split(&[&[b'x'; MAX_LINE_LEN + 1], b"y\nz"]);
        let lengths: Vec<_> = lines.iter().map(String::len).collect();
        assert_eq!(lengths, [MAX_LINE_LEN, 2, 1]);
    }
}
