//! The output of a child, split into lines.

use std::io;
use std::os::fd::OwnedFd;
use std::panic::{AssertUnwindSafe, catch_unwind};

use punctual_core::{JobId, LineSplitter, OutputLine, OutputStream, RunId};
use rustix::io::{Errno, ioctl_fionbio, ioctl_fionread};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

use crate::options::OnOutput;

/// The size of the read buffer in bytes, which is the default capacity of a pipe.
const READ_BUFFER_SIZE: usize = 64 << 10;

/// The run and the job that lines are attributed to.
pub(super) type OutputSource = Option<(RunId, JobId)>;

/// A reader of one of the two output pipes of a child.
pub(super) struct LineReader {
    pipe: Option<AsyncFd<OwnedFd>>,
    stream: OutputStream,
    lines: LineSplitter,
    listener: OnOutput,
}

impl LineReader {
    pub(super) fn new(pipe: OwnedFd, stream: OutputStream, listener: OnOutput) -> io::Result<Self> {
        ioctl_fionbio(&pipe, true)?;
        #[expect(deprecated, reason = "the replacement is unsafe; an `OwnedFd` is always valid")]
        let pipe = AsyncFd::with_interest(pipe, Interest::READABLE)?;
        Ok(Self { pipe: Some(pipe), stream, lines: LineSplitter::default(), listener })
    }

    /// Waits until the pipe can be [`read`](Self::read). Returns the number of bytes in it; 0 at its end.
    pub(super) async fn readable(&self) -> usize {
        let Some(pipe) = &self.pipe else { return std::future::pending().await };
        loop {
            // An error is returned by the read as well.
            let Ok(mut ready) = pipe.readable().await else { return 0 };
            match ioctl_fionread(pipe) {
                Ok(0) if !ready.ready().is_read_closed() => ready.clear_ready(),
                pending => return pending.map_or(0, saturate),
            }
        }
    }

    /// Reads once from the pipe, without blocking; not more than `pending` bytes.
    pub(super) fn read(&mut self, pending: usize, source: &OutputSource) {
        let Some(pipe) = &self.pipe else { return };
        let mut bytes = [0; READ_BUFFER_SIZE];
        // At the end of the pipe nothing can follow.
        let limit = if pending == 0 { bytes.len() } else { pending.min(bytes.len()) };
        let read = rustix::io::read(pipe, &mut bytes[..limit]);
        self.handle_read(read, &bytes, source);
    }

    /// Reads all output that is in the pipe now.
    pub(super) fn drain(&mut self, source: &OutputSource) {
        // Limited to that amount, because another process may write to the pipe without end.
        let pending = self.pipe.as_ref().and_then(|pipe| ioctl_fionread(pipe).ok());
        let mut pending = pending.map_or(0, saturate);
        let mut bytes = [0; READ_BUFFER_SIZE];
        while pending > 0
            && let Some(pipe) = &self.pipe
        {
            let read = rustix::io::read(pipe, &mut bytes);
            match self.handle_read(read, &bytes, source) {
                0 => break,
                read => pending = pending.saturating_sub(read),
            }
        }
    }

    fn handle_read(
        &mut self,
        read: Result<usize, Errno>,
        bytes: &[u8],
        source: &OutputSource,
    ) -> usize {
        match read {
            Ok(read @ 1..) => {
                self.push_bytes(&bytes[..read], source);
                return read;
            }
            Err(Errno::AGAIN | Errno::INTR) => {}
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

fn saturate(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

fn notify(listener: &OnOutput, source: &OutputSource, stream: OutputStream, text: &str) {
    let line = OutputLine::new(source.as_ref().map(|(run, job)| (*run, job)), stream, text);
    // A panic of the listener must not end the pool's thread.
    drop(catch_unwind(AssertUnwindSafe(|| listener(&line))));
}
