//! The parent's side of a child process.

use std::io::ErrorKind;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use punctual_core::{OutputStream, ProcessTermination, Run, error_chain};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::io::Interest;
use tokio::net::UnixStream;
use tokio::process::Child;
use tokio::time::timeout;

use super::line_reader::{LineReader, OutputSource};
use crate::options::Options;
use crate::wire::{FrameDecoder, FrameError, FromChild, ToChild, encode_frame};

/// How long to wait for an idle child to exit after `Stop`.
const STOP_TIMEOUT: Duration = Duration::from_secs(1);

/// The capacity kept in the send buffer while it is empty.
const MIN_SEND_CAPACITY: usize = 64 << 10;

/// A child process that has not been reaped.
pub(super) struct ChildHandle {
    process: Child,
    pid: Pid,
    /// The process has exited; messages that it sent before may still be unread.
    exited: bool,
    socket: UnixStream,
    frames: FrameDecoder,
    limit: usize,
    /// The send buffer, and how many of its bytes have been written to the socket.
    out: Vec<u8>,
    out_written: usize,
    /// The total number of bytes put into the send buffer, and of those written to the socket.
    bytes_queued: u64,
    bytes_written: u64,
    stdout: LineReader,
    stderr: LineReader,
    source: OutputSource,
    /// How the child violated the protocol, if it did.
    protocol_error: Option<String>,
}

impl ChildHandle {
    pub(super) fn new(
        mut process: Child,
        socket: StdUnixStream,
        options: &Options,
    ) -> std::io::Result<Self> {
        let missing = || std::io::Error::other("the child has no process id or no output pipe");
        let pid =
            process.id().and_then(|pid| Pid::from_raw(pid.cast_signed())).ok_or_else(missing)?;
        let reader = |pipe: std::io::Result<_>, stream| {
            LineReader::new(pipe?, stream, options.on_output.clone())
        };
        let stdout = process.stdout.take().ok_or_else(missing)?.into_owned_fd();
        let stderr = process.stderr.take().ok_or_else(missing)?.into_owned_fd();
        socket.set_nonblocking(true)?;
        Ok(Self {
            pid,
            exited: false,
            socket: UnixStream::from_std(socket)?,
            frames: FrameDecoder::new(options.max_message_bytes.max(1 << 20)),
            limit: options.max_message_bytes,
            out: Vec::new(),
            out_written: 0,
            bytes_queued: 0,
            bytes_written: 0,
            stdout: reader(stdout, OutputStream::Stdout)?,
            stderr: reader(stderr, OutputStream::Stderr)?,
            source: None,
            protocol_error: None,
            process,
        })
    }

    /// Appends a message to the send buffer. Returns the offset at which it ends in all sent bytes, for
    /// [`is_written`](Self::is_written).
    pub(super) fn send(&mut self, message: &ToChild) -> Result<u64, FrameError> {
        let before = self.out.len();
        encode_frame(&mut self.out, message, self.limit.max(1 << 10))?;
        self.bytes_queued += (self.out.len() - before) as u64;
        Ok(self.bytes_queued)
    }

    /// Whether the bytes up to `end` have been written to the socket, so that the child may have read them.
    pub(super) fn is_written(&self, end: u64) -> bool {
        self.bytes_written >= end
    }

    /// Attributes the lines that are read from now on to this run.
    pub(super) fn set_output_source(&mut self, run: Option<&Run>) {
        self.source = run.map(|run| (run.context().run_id(), run.context().job_id().clone()));
    }

    /// Emits the incomplete last lines of a finished run. If `output_pending` is set, the output pipes are drained
    /// first.
    pub(super) fn finish_lines(&mut self, output_pending: bool) {
        for reader in [&mut self.stdout, &mut self.stderr] {
            if output_pending {
                reader.drain(&self.source);
            }
            reader.end_line(&self.source);
        }
    }

    /// Receives the next message; returns `None` when the child has exited or violated the protocol. Meanwhile sends
    /// the send buffer and reads the output pipes. Cancellation safe.
    pub(super) async fn next(&mut self) -> Option<FromChild> {
        loop {
            if self.protocol_error.is_some() {
                return None;
            }
            match self.frames.next() {
                Ok(Some(message)) => return Some(message),
                Ok(None) => {}
                Err(error) => {
                    self.protocol_error = Some(error_chain(&error).to_string());
                    return None;
                }
            }
            if self.exited {
                match self.read_rest() {
                    true => continue,
                    false => return None,
                }
            }
            self.flush();
            let interest = match self.out.is_empty() {
                true => Interest::READABLE,
                false => Interest::READABLE | Interest::WRITABLE,
            };
            tokio::select! {
                biased;
                // An error is returned by the read as well.
                _ = self.socket.ready(interest) => match self.socket.try_read(self.frames.spare_mut()) {
                    Ok(0) => return None,
                    Ok(bytes) => self.frames.advance_written(bytes),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(_) => return None,
                },
                // The socket is not closed if a process forked by the child has inherited it.
                _ = self.process.wait() => {
                    self.exited = true;
                    // Must happen before anything else: once the child is reaped, its process id can be reused unless
                    // other processes are in its group.
                    self.kill_group();
                }
                pending = self.stdout.readable() => self.read_output(OutputStream::Stdout, pending),
                pending = self.stderr.readable() => self.read_output(OutputStream::Stderr, pending),
            }
        }
    }

    /// Reads the `pending` bytes of an output pipe, unless a message has arrived: it may report the end of the run, and
    /// the bytes may be output of the next one. Output that was in the pipe before the messages were found to be read
    /// is output of the current run.
    fn read_output(&mut self, stream: OutputStream, pending: usize) {
        // The end of the file, or an error, is no message: tokio reports it when it has been notified, which it never is
        // before the output has been read.
        if matches!(self.receive(), Ok(1..) | Err(Errno::INTR)) {
            return;
        }
        match stream {
            OutputStream::Stdout => self.stdout.read(pending, &self.source),
            OutputStream::Stderr => self.stderr.read(pending, &self.source),
        }
    }

    /// Reads data that was sent before the child exited; returns `false` at end of file.
    fn read_rest(&mut self) -> bool {
        match self.receive() {
            Ok(bytes) => bytes > 0,
            Err(error) => error == Errno::INTR,
        }
    }

    /// Reads from the socket without blocking. Reads the file descriptor directly, because tokio may not have been
    /// notified of the data yet.
    fn receive(&mut self) -> Result<usize, Errno> {
        let bytes = rustix::io::read(&self.socket, self.frames.spare_mut())?;
        self.frames.advance_written(bytes);
        Ok(bytes)
    }

    /// Writes as much of the send buffer as the socket accepts.
    fn flush(&mut self) {
        while self.out_written < self.out.len() {
            match self.socket.try_write(&self.out[self.out_written..]) {
                Ok(bytes) => {
                    self.bytes_written += bytes as u64;
                    self.out_written += bytes;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // The child has closed its end. Its last messages are still to be read, and then the end of file.
                Err(_) => break,
            }
        }
        self.out.clear();
        self.out.shrink_to(MIN_SEND_CAPACITY);
        self.out_written = 0;
    }

    /// Records a protocol violation: no further messages are received.
    pub(super) fn set_protocol_error(&mut self, error: String) {
        self.protocol_error = Some(error);
    }

    /// Kills the child and its process group. The child must be [reaped](Self::reap) afterwards.
    pub(super) fn kill(&self) {
        if !self.exited {
            self.kill_group();
            // A job may have moved the child to another process group.
            let _ = kill_process(self.pid, Signal::KILL);
        }
    }

    fn kill_group(&self) {
        // Fails if all processes of the group have exited.
        let _ = kill_process_group(self.pid, Signal::KILL);
    }

    /// Kills the remaining processes of a child that has exited, been killed or violated the protocol, reaps the child
    /// and returns the reason of its exit.
    pub(super) async fn reap(mut self) -> ProcessTermination {
        // Kills the processes that its jobs have started, before its process id can be reused.
        self.kill();
        let status = self.process.wait().await;
        self.finish_lines(true);
        match (self.protocol_error, status) {
            (Some(error), _) => ProcessTermination::ProtocolError(error),
            (None, Ok(status)) => exit_reason(status),
            (None, Err(error)) => ProcessTermination::ProtocolError(error.to_string()),
        }
    }

    /// Stops an idle child: it exits by itself, or is killed after [`STOP_TIMEOUT`].
    pub(super) async fn stop(mut self) {
        if self.send(&ToChild::Stop).is_ok() {
            // No further messages are expected; this waits for the exit.
            let _ = timeout(STOP_TIMEOUT, async { while self.next().await.is_some() {} }).await;
        }
        self.reap().await;
    }

    /// The resident memory in bytes, if it can be determined.
    pub(super) fn resident(&self) -> Option<u64> {
        let text =
            std::fs::read_to_string(format!("/proc/{}/statm", self.pid.as_raw_pid())).ok()?;
        let pages: u64 = text.split(' ').nth(1)?.parse().ok()?;
        Some(pages * rustix::param::page_size() as u64)
    }
}

fn exit_reason(status: ExitStatus) -> ProcessTermination {
    match (status.signal(), status.code()) {
        (Some(signal), _) => ProcessTermination::Signal(signal),
        (None, Some(code)) => ProcessTermination::Exited(code),
        (None, None) => ProcessTermination::ProtocolError(status.to_string()),
    }
}
