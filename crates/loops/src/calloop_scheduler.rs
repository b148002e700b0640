//! The scheduler for calloop.

use calloop::LoopHandle;
use punctual_executor_loop::AttachError;

use crate::attached::AttachedLoop;
use crate::error::LoopError;
use crate::parts::{Parts, loop_scheduler};

/// A scheduler whose jobs run in a [`calloop`] loop.
///
/// It dereferences to the [`BackgroundScheduler`](punctual_scheduler::BackgroundScheduler) that starts the jobs.
///
/// ```
/// use calloop::EventLoop;
/// use punctual_loops::CalloopScheduler;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut event_loop = EventLoop::<()>::try_new()?;
/// let scheduler = CalloopScheduler::builder().timezone("UTC").build()?;
/// let jobs = scheduler.attach(&event_loop.handle())?;
/// let signal = event_loop.get_signal();
/// scheduler.job(jobs.local_task(move |_| signal.stop())).add()?;
/// event_loop.run(None, &mut (), |()| {})?;
/// jobs.shutdown()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct CalloopScheduler {
    parts: Parts,
}

loop_scheduler!(CalloopScheduler);

impl CalloopScheduler {
    /// Attaches the loop of the current thread and starts the scheduler. The source is removed from the loop when the
    /// returned value is dropped.
    ///
    /// # Errors
    ///
    /// Another loop is attached, the source can't be inserted into the loop, or the errors of the scheduler's `start`.
    pub fn attach<Data: 'static>(
        &self,
        event_loop: &LoopHandle<'static, Data>,
    ) -> Result<AttachedLoop, LoopError> {
        let (runner, source) = self.parts.executor.attach_calloop()?;
        let token = event_loop
            .insert_source(source, |(), (), _| {})
            .map_err(|error| AttachError::wake(error.error))?;
        let handle = event_loop.clone();
        match AttachedLoop::start(&self.parts, runner) {
            Ok(attached) => Ok(attached.on_drop(move || handle.remove(token))),
            Err(error) => {
                handle.remove(token);
                Err(error)
            }
        }
    }
}
