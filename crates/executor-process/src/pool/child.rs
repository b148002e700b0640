//! A child process from outside.

use std::io::ErrorKind;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use punctual_core::{Killed, Run, error_chain};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::io::Interest;
use tokio::net::UnixStream;
use tokio::net::unix::pipe::Receiver;
use tokio::process::Child as Process;
use tokio::time::timeout;

use super::printed::{Author, Printed};
use crate::options::Options;
use crate::output::OutputStream;
use crate::wire::{FrameError, Frames, FromChild, ToChild, write};

/// How long an idle child may take to end.
const FAREWELL: Duration = Duration::from_secs(1);

/// How many bytes are kept for what is to be sent when there is nothing.
const SMALL: usize = 64 << 10;

/// How a child ended.
pub(super) type End = Killed;

/// A living child, or one whose end has not been noticed yet.
pub(super) struct Child {
    process: Process,
    pid: Pid,
    /// It has been seen to end; there may still be what it said before.
    ended: bool,
    socket: UnixStream,
    frames: Frames,
    limit: usize,
    /// What is to be sent, and how much of that is on its way.
    out: Vec<u8>,
    out_gone: usize,
    /// How many bytes were to be sent in all, and how many are on their way.
    sent: u64,
    gone: u64,
    stdout: Printed,
    stderr: Printed,
    author: Author,
    /// What it said that made no sense.
    confused: Option<String>,
}

impl Child {
    pub(super) fn new(
        mut process: Process,
        socket: StdUnixStream,
        options: &Options,
    ) -> std::io::Result<Self> {
        let missing = || std::io::Error::other("a child without its pipes");
        let pid =
            process.id().and_then(|pid| Pid::from_raw(pid.cast_signed())).ok_or_else(missing)?;
        let printed = |pipe: std::io::Result<_>, stream| {
            let pipe = Receiver::from_owned_fd(pipe?)?;
            Ok::<_, std::io::Error>(Printed::new(pipe, stream, options.on_output.clone()))
        };
        let stdout = process.stdout.take().ok_or_else(missing)?.into_owned_fd();
        let stderr = process.stderr.take().ok_or_else(missing)?.into_owned_fd();
        socket.set_nonblocking(true)?;
        Ok(Self {
            pid,
            ended: false,
            socket: UnixStream::from_std(socket)?,
            frames: Frames::new(options.max_message.max(1 << 20)),
            limit: options.max_message,
            out: Vec::new(),
            out_gone: 0,
            sent: 0,
            gone: 0,
            stdout: printed(stdout, OutputStream::Stdout)?,
            stderr: printed(stderr, OutputStream::Stderr)?,
            author: None,
            confused: None,
            process,
        })
    }

    /// Puts a message at the end of what is to be sent; answers where it ends, for
    /// [`has_gone`](Self::has_gone).
    pub(super) fn send(&mut self, message: &ToChild) -> Result<u64, FrameError> {
        let before = self.out.len();
        write(&mut self.out, message, self.limit.max(1 << 10))?;
        self.sent += (self.out.len() - before) as u64;
        Ok(self.sent)
    }

    /// Whether what ends there is in the socket, so that the child may have read it.
    pub(super) fn has_gone(&self, end: u64) -> bool {
        self.gone >= end
    }

    /// Whose lines come from now on.
    pub(super) fn set_author(&mut self, run: Option<&Run>) {
        self.author = run.map(|run| (run.context().run_id(), run.context().job_id().clone()));
    }

    /// Ends the lines of a run that is over, having read what it has printed if that is still to be done.
    pub(super) fn finish_lines(&mut self, unread: bool) {
        for printed in [&mut self.stdout, &mut self.stderr] {
            if unread {
                printed.drain(&self.author);
            }
            printed.end_line(&self.author);
        }
    }

    /// What the child says next; none at its end. Sends meanwhile what is to be sent, and reads what is
    /// printed. May be dropped at any time.
    pub(super) async fn next(&mut self) -> Option<FromChild> {
        loop {
            if self.confused.is_some() {
                return None;
            }
            match self.frames.next() {
                Ok(Some(message)) => return Some(message),
                Ok(None) => {}
                Err(error) => {
                    self.confused = Some(error_chain(&error).to_string());
                    return None;
                }
            }
            if self.ended {
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
                // What is wrong, reading will say.
                _ = self.socket.ready(interest) => match self.socket.try_read(self.frames.space()) {
                    Ok(0) => return None,
                    Ok(bytes) => self.frames.filled(bytes),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    Err(_) => return None,
                },
                // Its socket may live on in a process that it has forked.
                _ = self.process.wait() => {
                    self.ended = true;
                    // At once: from here on its id is its own only as long as others are in its group.
                    self.kill_group();
                }
                () = self.stdout.readable() => self.stdout.read(&self.author),
                () = self.stderr.readable() => self.stderr.read(&self.author),
            }
        }
    }

    /// Reads some of what was said before the end; false if that was all. Asks the socket itself, which
    /// knows what no event has told yet.
    fn read_rest(&mut self) -> bool {
        match rustix::io::read(&self.socket, self.frames.space()) {
            Ok(0) => false,
            Ok(bytes) => {
                self.frames.filled(bytes);
                true
            }
            Err(error) => error == Errno::INTR,
        }
    }

    /// Sends as much as can be sent at once.
    fn flush(&mut self) {
        while self.out_gone < self.out.len() {
            match self.socket.try_write(&self.out[self.out_gone..]) {
                Ok(bytes) => {
                    self.gone += bytes as u64;
                    self.out_gone += bytes;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // It has gone; what it said before is still to be read, and then its end.
                Err(_) => break,
            }
        }
        self.out.clear();
        self.out.shrink_to(SMALL);
        self.out_gone = 0;
    }

    /// Makes the child not understood from here on: it did something that it should not.
    pub(super) fn confused(&mut self, what: String) {
        self.confused = Some(what);
    }

    /// Kills the child and all in its group. It is not over before it is [buried](Self::bury).
    pub(super) fn kill(&self) {
        if !self.ended {
            self.kill_group();
            // A job may have left the group.
            let _ = kill_process(self.pid, Signal::KILL);
        }
    }

    fn kill_group(&self) {
        // Not found if all have ended already.
        let _ = kill_process_group(self.pid, Signal::KILL);
    }

    /// What is left of a child that has ended, or been killed, or said something wrong.
    pub(super) async fn bury(mut self) -> End {
        // Before its id can become somebody else's: those whom its jobs have started.
        self.kill();
        let status = self.process.wait().await;
        self.finish_lines(true);
        match (self.confused, status) {
            (Some(what), _) => Killed::ProtocolError(what),
            (None, Ok(status)) => end(status),
            (None, Err(error)) => Killed::ProtocolError(error.to_string()),
        }
    }

    /// Lets an idle child end by itself.
    pub(super) async fn stop(mut self) {
        if self.send(&ToChild::Stop).is_ok() {
            // It has nothing to say any more but that it ends.
            let _ = timeout(FAREWELL, async { while self.next().await.is_some() {} }).await;
        }
        self.bury().await;
    }

    /// How many bytes of memory are resident.
    pub(super) fn resident(&self) -> Option<u64> {
        let text =
            std::fs::read_to_string(format!("/proc/{}/statm", self.pid.as_raw_pid())).ok()?;
        let pages: u64 = text.split(' ').nth(1)?.parse().ok()?;
        Some(pages * rustix::param::page_size() as u64)
    }
}

fn end(status: ExitStatus) -> End {
    match (status.signal(), status.code()) {
        (Some(signal), _) => Killed::Signal(signal),
        (None, Some(code)) => Killed::Exited(code),
        (None, None) => Killed::ProtocolError(status.to_string()),
    }
}
