//! The runs of a child process, shared by its reader thread and its job thread.

use std::collections::VecDeque;
use std::io::{self, Write, stderr, stdout};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use punctual_core::{DynTask, JobContext, RunReport, RunSink};
use rustix::io::ioctl_fionread;
use rustix::process::{Pid, Signal, getpid, kill_process};

use super::kill::kill_own_group;
use crate::wire::{FrameError, FromChild, RunRequest, RunResult, ToChild, encode_frame};

/// The queued runs and the current run of this process, and the socket for their results.
pub(super) struct RunDispatcher {
    /// The id of the child process itself, to detect a fork made by a task.
    owner_pid: Pid,
    socket: UnixStream,
    limit: usize,
    state: Mutex<DispatcherState>,
    /// Notified when a run is available, and on `Stop`.
    run_available: Condvar,
}

#[derive(Default)]
struct DispatcherState {
    waiting: VecDeque<RunRequest>,
    /// The next run to execute. It has left `waiting` and can no longer be returned; the pool considers it started.
    next: Option<(RunRequest, JobContext)>,
    /// The run that is `next` or in progress.
    current: Option<(u128, JobContext)>,
    /// The pool has not read all output of the previous run, so no other run may start.
    output_pending: bool,
    stopping: bool,
}

impl DispatcherState {
    /// Starts the next queued run, if one may start.
    fn start_next(&mut self) {
        if self.current.is_none()
            && !self.output_pending
            && let Some(request) = self.waiting.pop_front()
        {
            let context = request.context();
            self.current = Some((request.run, context.clone()));
            self.next = Some((request, context));
        }
    }
}

impl RunDispatcher {
    pub(super) fn new(socket: UnixStream, limit: usize) -> Self {
        Self {
            owner_pid: getpid(),
            socket,
            limit,
            state: Mutex::default(),
            run_available: Condvar::new(),
        }
    }

    /// Handles one message from the pool.
    pub(super) fn handle_message(&self, message: ToChild) -> io::Result<()> {
        let mut state = self.lock();
        match message {
            ToChild::Run(request) => state.waiting.push_back(request),
            ToChild::Cancel(run) => {
                if let Some((_, context)) = state.current.as_ref().filter(|(id, _)| *id == run) {
                    let context = context.clone();
                    // Cancelling may run wakers on this thread, which must not hold the lock.
                    drop(state);
                    context.cancel();
                    return Ok(());
                }
            }
            ToChild::ReturnQueued => {
                let count = state.waiting.len();
                state.waiting.clear();
                return self.send(&FromChild::QueuedReturned(count));
            }
            ToChild::OutputRead => state.output_pending = false,
            ToChild::Stop => state.stopping = true,
            ToChild::Handshake(_) => {}
        }
        state.start_next();
        if state.next.is_some() || state.stopping {
            self.run_available.notify_one();
        }
        Ok(())
    }

    /// Waits for the next run to execute; returns `None` after `Stop`.
    pub(super) fn next(&self) -> Option<(RunRequest, JobContext)> {
        let mut state = self.lock();
        loop {
            if let Some(next) = state.next.take() {
                return Some(next);
            }
            if state.stopping {
                return None;
            }
            state = self.run_available.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Reports the result of the current run, then starts the next one. The order matters: the pool must always be able
    /// to determine which of its runs has started.
    pub(super) fn report_result(&self, run: u128, result: RunResult) {
        if getpid() != self.owner_pid {
            // This process was forked by the task. It must not report a result or run exit handlers, so it kills
            // itself.
            let _ = kill_process(getpid(), Signal::KILL);
        }
        // If standard output can't be written, there is no other place for its data.
        let _ = stdout().flush();
        let output_pending = is_unread(stdout()) || is_unread(stderr());
        let mut frame = Vec::new();
        let mut message = FromChild::Finished { run, result, output_pending };
        // The last, shortest form always fits.
        while let Err(FrameError::TooLong { limit, .. }) =
            encode_frame(&mut frame, &message, self.limit)
        {
            let FromChild::Finished { result, .. } = message else { break };
            message =
                FromChild::Finished { run, result: result.truncate_to(limit), output_pending };
        }
        let mut state = self.lock();
        if (&self.socket).write_all(&frame).is_err() {
            kill_own_group();
        }
        state.current = None;
        state.output_pending = output_pending;
        state.start_next();
    }

    pub(super) fn send(&self, message: &FromChild) -> io::Result<()> {
        let mut frame = Vec::new();
        encode_frame(&mut frame, message, usize::MAX).map_err(io::Error::other)?;
        (&self.socket).write_all(&frame)
    }

    fn lock(&self) -> MutexGuard<'_, DispatcherState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sends the result of one run to the pool.
pub(super) struct PoolRunSink {
    pub(super) dispatcher: Arc<RunDispatcher>,
    pub(super) task: Arc<dyn DynTask>,
}

impl RunSink for PoolRunSink {
    fn report(&self, report: RunReport) {
        let event = report.event;
        let result = || RunResult::from_outcome(event.outcome, &*self.task, self.dispatcher.limit);
        // This formats and encodes the task's error, which may panic, and the pool waits for a result.
        let result = catch_unwind(AssertUnwindSafe(result)).unwrap_or_else(|_| {
            RunResult::Panicked(
                "the task's error panicked while it was formatted or encoded".into(),
            )
        });
        self.dispatcher.report_result(event.run_id.as_u128(), result);
    }
}

/// Whether the pool has not read all data of this pipe. `true` if that can't be determined.
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

    const ROLE: &str = "PUNCTUAL_TEST_FORK";

    /// Not a test, but the main function of a process whose dispatcher belongs to its parent.
    #[test]
    fn forked() {
        if std::env::var_os(ROLE).is_some() {
            let socket = stdin().as_fd().try_clone_to_owned().unwrap();
            let mut dispatcher = RunDispatcher::new(socket.into(), 1 << 10);
            dispatcher.owner_pid = getppid().unwrap();
            dispatcher.report_result(1, RunResult::Lost);
        }
    }

    #[test]
    fn a_forked_child_reports_no_result() {
        let (mut ours, theirs) = UnixStream::pair().unwrap();
        let status = Command::new(std::env::current_exe().unwrap())
            .args(["child::dispatcher::tests::forked", "--exact"])
            .env(ROLE, "forked")
            .stdin(OwnedFd::from(theirs))
            .stdout(Stdio::null())
            .status();
        assert_eq!(status.unwrap().signal(), Some(9));
        assert_eq!(ours.read_to_end(&mut Vec::new()).unwrap(), 0);
    }
}
