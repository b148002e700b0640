//! The scheduler for Qt.

use crate::attached::AttachedLoop;
use crate::error::LoopError;
use crate::parts::{Parts, loop_scheduler};

/// A scheduler whose jobs run in Qt's event loop.
///
/// It dereferences to the [`BackgroundScheduler`](punctual_scheduler::BackgroundScheduler) that starts the jobs.
///
/// ```
/// use punctual_loops::QtScheduler;
/// use punctual_qt_sys::EventLoop;
/// use std::rc::Rc;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let scheduler = QtScheduler::builder().timezone("UTC").build()?;
/// let jobs = scheduler.attach()?;
/// // In a program: `QApplication::exec` and `quit`.
/// let event_loop = Rc::new(EventLoop::new());
/// let quit = Rc::clone(&event_loop);
/// scheduler.job(jobs.local_task(move |_| quit.quit())).add()?;
/// event_loop.exec();
/// jobs.shutdown()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct QtScheduler {
    parts: Parts,
}

loop_scheduler!(QtScheduler);

impl QtScheduler {
    /// Attaches the Qt event loop of the current thread and starts the scheduler: that of `QApplication::exec` on the
    /// main thread, or of `QThread::exec` on another one. It can be called before the loop runs.
    ///
    /// # Errors
    ///
    /// Another loop is attached, or the errors of the scheduler's `start`.
    pub fn attach(&self) -> Result<AttachedLoop, LoopError> {
        let (runner, receiver) = self.parts.executor.attach_qt()?;
        Ok(AttachedLoop::start(&self.parts, runner)?.on_drop(move || drop(receiver)))
    }
}
