//! A scheduler that is attached to a loop.

use std::fmt;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

use punctual_core::{Event, EventMask};
use punctual_executor_loop::LoopRunner;
use punctual_scheduler::{BackgroundScheduler, SchedulerError};

use crate::error::LoopError;
use crate::parts::Parts;

/// A running scheduler on the thread of its loop; returned by the `attach` methods of schedulers. It dereferences to the
/// [`LoopRunner`], which executes the runs and creates tasks that need not be `Send`.
///
/// Dropping it shuts the scheduler down if it is running, as the end of the loop does: runs in progress are cancelled,
/// and those that have not started are lost. Call [`shutdown`](Self::shutdown) to let them finish.
///
/// ```
/// use punctual_core::EventMask;
/// use punctual_loops::LocalScheduler;
/// use std::cell::RefCell;
/// use std::rc::Rc;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let scheduler = LocalScheduler::builder().timezone("UTC").build()?;
/// let jobs = scheduler.attach(|| {})?;
/// let log = Rc::new(RefCell::new(Vec::new()));
/// let own = Rc::clone(&log);
/// jobs.add_listener(EventMask::JOB_EXECUTED, move |event| own.borrow_mut().push(event.to_string()));
///
/// let greeting = Rc::new("hello");
/// let task = jobs.local_task(move |_| greeting.len());
/// let run = scheduler.job(task).paused().add()?.run_now()?;
/// jobs.shutdown()?;
/// assert_eq!(run.wait().value(), Some(&5.into()));
/// assert_eq!(log.borrow().len(), 1);
/// # Ok(())
/// # }
/// ```
pub struct AttachedLoop {
    parts: Parts,
    runner: LoopRunner,
    /// Removes the loop's source.
    detach: Option<Box<dyn FnOnce()>>,
}

impl AttachedLoop {
    /// Starts the scheduler of a loop that has been attached.
    pub(crate) fn start(parts: &Parts, runner: LoopRunner) -> Result<Self, LoopError> {
        parts.scheduler.start()?;
        Ok(Self { parts: parts.clone(), runner, detach: None })
    }

    #[cfg(any(all(unix, feature = "calloop"), feature = "qt"))]
    pub(crate) fn on_drop(mut self, detach: impl FnOnce() + 'static) -> Self {
        self.detach = Some(Box::new(detach));
        self
    }

    /// Returns the scheduler.
    #[must_use]
    pub fn scheduler(&self) -> &BackgroundScheduler {
        &self.parts.scheduler
    }

    /// Calls `listener` on the loop for every event in the mask, from now until the shutdown. It need not be `Send`. A
    /// panic is logged.
    ///
    /// Events beyond 65,536 that the loop has not processed are dropped, as in any
    /// [`EventStream`](punctual_scheduler::EventStream).
    pub fn add_listener(&self, mask: EventMask, mut listener: impl FnMut(&Event) + 'static) {
        let mut events = self.parts.scheduler.events(mask);
        self.runner.spawn(async move {
            while let Some(event) = events.next().await {
                if catch_unwind(AssertUnwindSafe(|| listener(&event))).is_err() {
                    tracing::error!(event = %event.mask(), "a listener panicked");
                }
            }
        });
    }

    /// Shuts the scheduler down, and executes the runs that are queued on this loop meanwhile. The timeout for the runs in
    /// progress is 30 seconds, or that of the builder.
    ///
    /// A call from a run returns immediately, and the shutdown continues in the background.
    ///
    /// # Errors
    ///
    /// [`NotRunning`](SchedulerError::NotRunning).
    pub fn shutdown(&self) -> Result<(), SchedulerError> {
        self.parts.shutdown(None)
    }

    /// As [`shutdown`](Self::shutdown), with another timeout.
    ///
    /// # Errors
    ///
    /// [`NotRunning`](SchedulerError::NotRunning).
    pub fn shutdown_timeout(&self, timeout: Duration) -> Result<(), SchedulerError> {
        self.parts.shutdown(Some(timeout))
    }
}

impl Deref for AttachedLoop {
    type Target = LoopRunner;

    fn deref(&self) -> &LoopRunner {
        &self.runner
    }
}

impl Drop for AttachedLoop {
    fn drop(&mut self) {
        if !thread::panicking() && self.parts.scheduler.is_running() {
            // Fails only if another thread has shut it down meanwhile.
            let _ = self.shutdown_timeout(Duration::ZERO);
        }
        if let Some(detach) = self.detach.take() {
            detach();
        }
    }
}

impl fmt::Debug for AttachedLoop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AttachedLoop")
            .field("scheduler", &self.parts.scheduler)
            .field("runner", &self.runner)
            .finish_non_exhaustive()
    }
}
