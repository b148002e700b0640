//! What commands print, line by line.

use punctual::CommandStream;

/// Longer lines are cut into several.
const LONGEST_LINE: usize = 8 * 1024;

/// Something to log of a command's output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputLine<'l> {
    /// A line that it printed, without the newline; text that is not UTF-8 is replaced.
    Line(CommandStream, &'l str),
    /// It has printed more than its limit; the rest is dropped.
    Cut,
}

/// Makes lines of what a command prints, and logs them up to a limit.
pub(super) struct Lines<L> {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    /// How many more bytes may be logged, of both streams together; none once the limit has been passed.
    left: Option<u64>,
    log: L,
}

impl<L: Fn(OutputLine<'_>)> Lines<L> {
    pub(super) fn new(limit: u64, log: L) -> Self {
        Self { stdout: Vec::new(), stderr: Vec::new(), left: Some(limit), log }
    }

    /// Takes the next bytes of a stream.
    pub(super) fn push(&mut self, stream: CommandStream, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let line = self.line(stream);
            let room = LONGEST_LINE - line.len();
            let part = &bytes[..bytes.len().min(room)];
            let newline = part.iter().position(|&byte| byte == b'\n');
            let taken = newline.unwrap_or(part.len());
            line.extend_from_slice(&part[..taken]);
            bytes = &bytes[taken + usize::from(newline.is_some())..];
            if newline.is_some() || line.len() == LONGEST_LINE {
                self.print(stream);
            }
        }
    }

    /// There is no more: logs what came after the last newline.
    pub(super) fn finish(mut self) {
        for stream in [CommandStream::Stdout, CommandStream::Stderr] {
            if !self.line(stream).is_empty() {
                self.print(stream);
            }
        }
    }

    fn line(&mut self, stream: CommandStream) -> &mut Vec<u8> {
        match stream {
            CommandStream::Stdout => &mut self.stdout,
            CommandStream::Stderr => &mut self.stderr,
        }
    }

    fn print(&mut self, stream: CommandStream) {
        let line = std::mem::take(self.line(stream));
        let Some(left) = self.left else { return };
        self.left = left.checked_sub(line.len() as u64 + 1);
        if self.left.is_some() {
            let text = String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(&line));
            (self.log)(OutputLine::Line(stream, &text));
        } else {
            (self.log)(OutputLine::Cut);
        }
    }
}
