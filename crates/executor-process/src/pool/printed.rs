//! What a child prints, cut into lines.

use std::io::ErrorKind;

use punctual_core::{JobId, RunId};
use rustix::io::ioctl_fionread;
use tokio::net::unix::pipe::Receiver;

use crate::options::OnOutput;
use crate::output::{OutputLine, OutputStream};

/// The longest line that comes in one piece.
const LINE: usize = 8 << 10;

/// How much is read at a time, which is as much as a pipe usually holds.
const CHUNK: usize = 64 << 10;

/// The run under way, for the lines.
pub(super) type Author = Option<(RunId, JobId)>;

/// One of a child's two output streams.
pub(super) struct Printed {
    pipe: Option<Receiver>,
    stream: OutputStream,
    /// A line whose end has not come yet.
    begun: Vec<u8>,
    listener: OnOutput,
}

impl Printed {
    pub(super) fn new(pipe: Receiver, stream: OutputStream, listener: OnOutput) -> Self {
        Self { pipe: Some(pipe), stream, begun: Vec::new(), listener }
    }

    /// Waits until there is something to [`read`](Self::read).
    pub(super) async fn readable(&self) {
        match &self.pipe {
            // What is wrong, reading will say.
            Some(pipe) => drop(pipe.readable().await),
            None => std::future::pending().await,
        }
    }

    /// Reads once, after waiting for it.
    pub(super) fn read(&mut self, author: &Author) {
        let Some(pipe) = &self.pipe else { return };
        let mut bytes = [0; CHUNK];
        let read = pipe.try_read(&mut bytes);
        self.took(read, &bytes, author);
    }

    /// Reads all that has been printed by now.
    pub(super) fn drain(&mut self, author: &Author) {
        // No more than that: somebody else may go on printing for ever.
        let there = self.pipe.as_ref().and_then(|pipe| ioctl_fionread(pipe).ok());
        let mut there = there.map_or(0, |bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
        let mut bytes = [0; CHUNK];
        while there > 0
            && let Some(pipe) = &self.pipe
        {
            // Past tokio, which knows only what was there when it looked last.
            let read = rustix::io::read(pipe, &mut bytes).map_err(Into::into);
            match self.took(read, &bytes, author) {
                0 => break,
                read => there = there.saturating_sub(read),
            }
        }
    }

    fn took(&mut self, read: std::io::Result<usize>, bytes: &[u8], author: &Author) -> usize {
        match read {
            Ok(read @ 1..) => {
                self.take(&bytes[..read], author);
                return read;
            }
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            // The end, or as good as.
            Ok(0) | Err(_) => self.pipe = None,
        }
        0
    }

    /// What comes next is another line.
    pub(super) fn end_line(&mut self, author: &Author) {
        if !self.begun.is_empty() {
            self.tell(author);
        }
    }

    fn take(&mut self, bytes: &[u8], author: &Author) {
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            let (text, ends) = match piece.split_last() {
                Some((b'\n', text)) => (text, true),
                _ => (piece, false),
            };
            for part in text.chunks(LINE) {
                if self.begun.len() + part.len() > LINE {
                    self.tell(author);
                }
                self.begun.extend_from_slice(part);
            }
            if ends {
                self.tell(author);
            }
        }
    }

    fn tell(&mut self, author: &Author) {
        let text = String::from_utf8_lossy(&self.begun);
        let line = OutputLine {
            run_id: author.as_ref().map(|(run, _)| *run),
            job_id: author.as_ref().map(|(_, job)| job),
            stream: self.stream,
            text: &text,
        };
        // A listener that panics must not cost the pool its thread.
        let tell = std::panic::AssertUnwindSafe(|| (self.listener)(&line));
        drop(std::panic::catch_unwind(tell));
        self.begun.clear();
    }
}
