//! Qt's event loop.

use std::fmt;
use std::sync::Arc;

use punctual_qt_sys::Receiver;

use crate::error::AttachError;
use crate::executor::LoopExecutor;
use crate::runner::LoopRunner;

impl LoopExecutor {
    /// Attaches the current thread, whose Qt event loop executes the runs: that of `QApplication::exec` on the main
    /// thread, or of `QThread::exec` on another one. Each wake-up is a queued call of a method, which the loop makes after
    /// the events that are waiting. Drop the returned receiver after the loop.
    ///
    /// ```
    /// use punctual_core::Executor;
    /// use punctual_executor_loop::LoopExecutor;
    /// use punctual_qt_sys::EventLoop;
    /// use punctual_testkit::executor::blocking_run;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let executor = LoopExecutor::new();
    /// executor.start()?;
    /// let (jobs, receiver) = executor.attach_qt()?;
    ///
    /// // In a program: `QApplication::exec`.
    /// let event_loop = EventLoop::new();
    /// let (run, outcome) = blocking_run(|_| 42);
    /// executor.submit(run).unwrap();
    /// event_loop.process_events();
    /// assert_eq!(outcome.outcome().to_string(), "success: 42");
    /// # drop((jobs, receiver));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`AttachError::AlreadyAttached`].
    pub fn attach_qt(&self) -> Result<(LoopRunner, QtReceiver), AttachError> {
        let mailbox = Arc::downgrade(&self.mailbox);
        let receiver = Receiver::new(move || {
            if let Some(mailbox) = mailbox.upgrade() {
                LoopRunner::run_current(&mailbox);
            }
        });
        let waker = receiver.waker();
        let runner = self.attach(move || waker.wake())?;
        Ok((runner, QtReceiver { _receiver: receiver }))
    }
}

/// An object of Qt that executes runs in the event loop of its thread; returned by [`LoopExecutor::attach_qt`]. Once it
/// has been dropped, the loop is no longer woken.
pub struct QtReceiver {
    _receiver: Receiver,
}

impl fmt::Debug for QtReceiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QtReceiver").finish_non_exhaustive()
    }
}
