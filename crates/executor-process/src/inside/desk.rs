//! What a child has to do, shared by the thread that listens and the one that works.

use std::collections::VecDeque;
use std::io::{self, Write, stderr, stdout};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use punctual_core::{DynTask, JobContext, RunReport, RunSink};
use rustix::io::ioctl_fionread;
use rustix::process::{Pid, Signal, getpid, kill_process};

use super::die::die;
use crate::wire::{CommandStatus, FrameError, FromChild, Order, ToChild, write};

/// The runs that wait here, and the one under way.
pub(super) struct Desk {
    /// The process that the pool knows.
    owner: Pid,
    socket: UnixStream,
    limit: usize,
    state: Mutex<State>,
    /// Told when there is a next run, and at the end.
    work: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Order>,
    /// Taken from those who wait, once and for all; the pool counts it as begun.
    next: Option<(Order, JobContext)>,
    /// The run that is `next` or under way.
    current: Option<(u128, JobContext)>,
    /// The pool is still reading what the run before has printed.
    unread: bool,
    stopping: bool,
}

impl State {
    /// Lets the next run begin, if one may.
    fn advance(&mut self) {
        if self.current.is_none()
            && !self.unread
            && let Some(order) = self.waiting.pop_front()
        {
            let context = order.context();
            self.current = Some((order.run, context.clone()));
            self.next = Some((order, context));
        }
    }
}

impl Desk {
    pub(super) fn new(socket: UnixStream, limit: usize) -> Self {
        Self { owner: getpid(), socket, limit, state: Mutex::default(), work: Condvar::new() }
    }

    /// Does what the pool says.
    pub(super) fn hear(&self, message: ToChild) -> io::Result<()> {
        let mut state = self.lock();
        match message {
            ToChild::Run(order) => state.waiting.push_back(order),
            ToChild::Cancel(run) => {
                if let Some((_, context)) = state.current.as_ref().filter(|(id, _)| *id == run) {
                    let context = context.clone();
                    // Whoever waits for it may be woken on this thread.
                    drop(state);
                    context.cancel();
                    return Ok(());
                }
            }
            ToChild::Recall => {
                let count = state.waiting.len();
                state.waiting.clear();
                return self.say(&FromChild::Recalled(count));
            }
            ToChild::OutputRead => state.unread = false,
            ToChild::Stop => state.stopping = true,
            ToChild::Welcome(_) => {}
        }
        state.advance();
        if state.next.is_some() || state.stopping {
            self.work.notify_one();
        }
        Ok(())
    }

    /// Waits for a run to work on; none when there will be no more.
    pub(super) fn next(&self) -> Option<(Order, JobContext)> {
        let mut state = self.lock();
        loop {
            if let Some(next) = state.next.take() {
                return Some(next);
            }
            if state.stopping {
                return None;
            }
            state = self.work.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// The run under way is over. It is told before another begins, so that the pool always knows which
    /// of its runs has begun.
    pub(super) fn end(&self, run: u128, ending: CommandStatus) {
        if getpid() != self.owner {
            // A copy of the process, forked by the task. It has nothing to tell, and nobody to clean up.
            let _ = kill_process(getpid(), Signal::KILL);
        }
        // What can't be written is lost with or without an answer.
        let _ = stdout().flush();
        let printed = is_unread(stdout()) || is_unread(stderr());
        let mut frame = Vec::new();
        let mut ended = FromChild::Ended { run, ending, printed };
        // At the end it is too short to fail.
        while let Err(FrameError::TooLong { limit, .. }) = write(&mut frame, &ended, self.limit) {
            let FromChild::Ended { ending, .. } = ended else { break };
            ended = FromChild::Ended { run, ending: ending.shortened(limit), printed };
        }
        let mut state = self.lock();
        if (&self.socket).write_all(&frame).is_err() {
            die();
        }
        state.current = None;
        state.unread = printed;
        state.advance();
    }

    pub(super) fn say(&self, message: &FromChild) -> io::Result<()> {
        let mut frame = Vec::new();
        write(&mut frame, message, usize::MAX).map_err(io::Error::other)?;
        (&self.socket).write_all(&frame)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes the report of one run.
pub(super) struct Reporter {
    pub(super) desk: Arc<Desk>,
    pub(super) task: Arc<dyn DynTask>,
}

impl RunSink for Reporter {
    fn report(&self, report: RunReport) {
        let event = report.event;
        let ending = || CommandStatus::of(event.outcome, &*self.task, self.desk.limit);
        // It asks an error of the task's for its text, and the pool waits for the end.
        let ending = catch_unwind(AssertUnwindSafe(ending)).unwrap_or_else(|_| {
            CommandStatus::Panicked("its error panicked when it was told".into())
        });
        self.desk.end(event.run_id.as_u128(), ending);
    }
}

/// Whether the pool has not yet read all that went into this pipe; yes, where that can't be told.
fn is_unread(pipe: impl std::os::fd::AsFd) -> bool {
    ioctl_fionread(pipe).map_or(true, |bytes| bytes > 0)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, stdin};
    use std::os::fd::{AsFd, OwnedFd};
    use std::os::unix::process::ExitStatusExt;
    use std::process::{Command, Stdio};

    use rustix::process::getppid;

    use super::*;

    const ROLE: &str = "PUNCTUAL_TEST_COPY";

    /// Not a test, but the main function of a process whose desk is another's.
    #[test]
    fn copy() {
        if std::env::var_os(ROLE).is_some() {
            let socket = stdin().as_fd().try_clone_to_owned().unwrap();
            let mut desk = Desk::new(socket.into(), 1 << 10);
            desk.owner = getppid().unwrap();
            desk.end(1, CommandStatus::Lost);
        }
    }

    #[test]
    fn a_copy_of_the_process_tells_no_end() {
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["inside::desk::tests::copy", "--exact"])
            .env(ROLE, "copy")
            .stdin(OwnedFd::from(theirs))
            .stdout(Stdio::null())
            .status();
        assert_eq!(status.unwrap().signal(), Some(9));
        assert_eq!(ours.read_to_end(&mut Vec::new()).unwrap(), 0);
    }
}
