//! The output of commands, split into lines.

use punctual::OutputStream;

/// The maximum size of a line in bytes; longer ones are split.
const MAX_LINE_LEN: usize = 8 * 1024;

/// A part of a command's output that is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputLine<'l> {
    /// A line, without its line ending; invalid UTF-8 is replaced by U+FFFD.
    Line(OutputStream, &'l str),
    /// The limit is exceeded; further output is dropped.
    Cut,
}

/// Splits output into lines and logs them up to a limit.
pub(super) struct LineLogger<L> {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    /// The number of bytes left until the limit, for both streams together; `None` after the limit was exceeded.
    remaining: Option<u64>,
    log: L,
}

impl<L: Fn(OutputLine<'_>)> LineLogger<L> {
    pub(super) fn new(limit: u64, log: L) -> Self {
        Self { stdout: Vec::new(), stderr: Vec::new(), remaining: Some(limit), log }
    }

    /// Handles a chunk of a stream.
    pub(super) fn push(&mut self, stream: OutputStream, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let line = self.line_buffer(stream);
            let room = MAX_LINE_LEN - line.len();
            let part = &bytes[..bytes.len().min(room)];
            let newline = part.iter().position(|&byte| byte == b'\n');
            let taken = newline.unwrap_or(part.len());
            line.extend_from_slice(&part[..taken]);
            bytes = &bytes[taken + usize::from(newline.is_some())..];
            if newline.is_some() || line.len() == MAX_LINE_LEN {
                self.log_line(stream);
            }
        }
    }

    /// Logs the incomplete last lines at the end of the output.
    pub(super) fn finish(mut self) {
        for stream in [OutputStream::Stdout, OutputStream::Stderr] {
            if !self.line_buffer(stream).is_empty() {
                self.log_line(stream);
            }
        }
    }

    fn line_buffer(&mut self, stream: OutputStream) -> &mut Vec<u8> {
        match stream {
            OutputStream::Stdout => &mut self.stdout,
            OutputStream::Stderr => &mut self.stderr,
        }
    }

    fn log_line(&mut self, stream: OutputStream) {
        let line = std::mem::take(self.line_buffer(stream));
        let Some(remaining) = self.remaining else { return };
        self.remaining = remaining.checked_sub(line.len() as u64 + 1);
        if self.remaining.is_some() {
            let text = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(&line));
            (self.log)(OutputLine::Line(stream, &text));
        } else {
            (self.log)(OutputLine::Cut);
        }
    }
}
