//! A loop that waits for file descriptors.

use std::io::{PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use rustix::io::ioctl_fionbio;

use crate::budget::LoopBudget;
use crate::error::AttachError;
use crate::executor::LoopExecutor;
use crate::runner::LoopRunner;

impl LoopExecutor {
    /// Attaches the loop of the current thread by a file descriptor that is readable while runs are ready. Add it to the
    /// descriptors for which the loop waits (`poll`, epoll, kqueue, libuv, libevent), and call
    /// [`LoopDescriptor::run_ready`] when it is readable.
    ///
    /// ```
    /// use punctual_core::Executor;
    /// use punctual_executor_loop::{LoopBudget, LoopExecutor};
    /// use punctual_testkit::executor::blocking_run;
    /// use rustix::event::{PollFd, PollFlags, poll};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let executor = LoopExecutor::new();
    /// executor.start()?;
    /// let jobs = executor.attach_descriptor()?;
    /// let (run, outcome) = blocking_run(|_| 42);
    /// executor.submit(run).unwrap();
    ///
    /// let mut descriptors = [PollFd::new(&jobs, PollFlags::IN)];
    /// poll(&mut descriptors, None)?;
    /// jobs.run_ready(LoopBudget::default());
    /// assert_eq!(outcome.outcome().to_string(), "success: 42");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`AttachError::AlreadyAttached`], or [`AttachError::Wake`] if no descriptor can be created.
    pub fn attach_descriptor(&self) -> Result<LoopDescriptor, AttachError> {
        let (reader, writer) = pipe().map_err(AttachError::wake)?;
        // Fails only if the pipe is full, so that the loop is awake anyway, or closed.
        let wake = move || drop((&writer).write(&[0]));
        Ok(LoopDescriptor { runner: self.attach(wake)?, reader })
    }
}

/// A pipe rather than an eventfd, because every Unix has it. It contains at most one byte: the loop is woken once.
fn pipe() -> std::io::Result<(PipeReader, PipeWriter)> {
    let (reader, writer) = std::io::pipe()?;
    ioctl_fionbio(&reader, true)?;
    ioctl_fionbio(&writer, true)?;
    Ok((reader, writer))
}

/// A loop that is woken by a file descriptor; returned by [`LoopExecutor::attach_descriptor`]. The descriptor is readable
/// while runs are ready (level-triggered), and must only be waited for, not read. Dropping it ends the loop, as described
/// for [`LoopRunner`].
#[derive(Debug)]
pub struct LoopDescriptor {
    // Dropped first: nothing is written to a closed pipe.
    runner: LoopRunner,
    reader: PipeReader,
}

impl LoopDescriptor {
    /// Executes what is ready, as [`LoopRunner::run_ready`], and clears the descriptor. Returns whether work is left; the
    /// descriptor then remains readable.
    ///
    /// ```
    /// use punctual_executor_loop::{LoopBudget, LoopExecutor};
    ///
    /// # fn main() -> Result<(), punctual_executor_loop::AttachError> {
    /// let jobs = LoopExecutor::new().attach_descriptor()?;
    /// assert!(!jobs.run_ready(LoopBudget::default()));
    /// # Ok(())
    /// # }
    /// ```
    pub fn run_ready(&self, budget: LoopBudget) -> bool {
        // Before the mail is taken, so that a later wake-up is not cleared. It fails if the pipe is empty.
        drop((&self.reader).read(&mut [0; 8]));
        self.runner.run_ready(budget)
    }

    /// Returns the runner, to spawn futures and to create local tasks.
    ///
    /// ```
    /// use punctual_executor_loop::LoopExecutor;
    ///
    /// # fn main() -> Result<(), punctual_executor_loop::AttachError> {
    /// let jobs = LoopExecutor::new().attach_descriptor()?;
    /// jobs.runner().spawn(async {});
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn runner(&self) -> &LoopRunner {
        &self.runner
    }
}

impl AsFd for LoopDescriptor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.reader.as_fd()
    }
}

impl AsRawFd for LoopDescriptor {
    fn as_raw_fd(&self) -> RawFd {
        self.reader.as_raw_fd()
    }
}
