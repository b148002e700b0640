//! The output of a child, split into lines.

use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};

use punctual_core::{JobId, LineSplitter, OutputLine, OutputStream, RunId};
use rustix::io::ioctl_fionread;
use tokio::net::unix::pipe::Receiver;

use crate::options::OnOutput;

/// The size of the read buffer in bytes, which is the default capacity of a pipe.
const READ_BUFFER_SIZE: usize = 64 << 10;

/// The run and the job that lines are attributed to.
pub(super) type OutputSource = Option<(RunId, JobId)>;

/// A reader of one of the two output pipes of a child.
pub(super) struct LineReader {
    pipe: Option<Receiver>,
    stream: OutputStream,
    lines: LineSplitter,
    listener: OnOutput,
}

impl LineReader {
    pub(super) fn new(pipe: Receiver, stream: OutputStream, listener: OnOutput) -> Self {
        Self { pipe: Some(pipe), stream, lines: LineSplitter::default(), listener }
    }

    /// Waits until the pipe can be [`read`](Self::read).
    pub(super) async fn readable(&self) {
        match &self.pipe {
            // An error is returned by the read as well.
            Some(pipe) => drop(pipe.readable().await),
            None => std::future::pending().await,
        }
    }

    /// Reads once from the pipe, without blocking.
    pub(super) fn read(&mut self, source: &OutputSource) {
        let Some(pipe) = &self.pipe else { return };
        let mut bytes = [0; READ_BUFFER_SIZE];
        let read = pipe.try_read(&mut bytes);
        self.handle_read(read, &bytes, source);
    }

    /// Reads all output that is in the pipe now.
    pub(super) fn drain(&mut self, source: &OutputSource) {
        // Limited to that amount, because another process may write to the pipe without end.
        let pending = self.pipe.as_ref().and_then(|pipe| ioctl_fionread(pipe).ok());
        let mut pending = pending.map_or(0, |bytes| usize::try_from(bytes).unwrap_or(usize::MAX));
        let mut bytes = [0; READ_BUFFER_SIZE];
        while pending > 0
            && let Some(pipe) = &self.pipe
        {
            // Bypasses tokio, which may not have been notified of the data yet.
            let read = rustix::io::read(pipe, &mut bytes).map_err(Into::into);
            match self.handle_read(read, &bytes, source) {
                0 => break,
                read => pending = pending.saturating_sub(read),
            }
        }
    }

    fn handle_read(
        &mut self,
        read: std::io::Result<usize>,
        bytes: &[u8],
        source: &OutputSource,
    ) -> usize {
        match read {
            Ok(read @ 1..) => {
                self.push_bytes(&bytes[..read], source);
                return read;
            }
            Err(error)
                if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
            // End of file, or an error that would be returned again.
            Ok(0) | Err(_) => self.pipe = None,
        }
        0
    }

    /// Emits the incomplete line, if there is one.
    pub(super) fn end_line(&mut self, source: &OutputSource) {
        let Self { lines, listener, stream, .. } = self;
        lines.finish(|text| notify(listener, source, *stream, text));
    }

    fn push_bytes(&mut self, bytes: &[u8], source: &OutputSource) {
        let Self { lines, listener, stream, .. } = self;
        lines.push(bytes, |text| notify(listener, source, *stream, text));
    }
}

fn notify(listener: &OnOutput, source: &OutputSource, stream: OutputStream, text: &str) {
    let line = OutputLine::new(source.as_ref().map(|(run, job)| (*run, job)), stream, text);
    // A panic of the listener must not end the pool's thread.
    drop(catch_unwind(AssertUnwindSafe(|| listener(&line))));
}
