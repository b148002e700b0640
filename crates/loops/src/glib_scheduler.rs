//! The scheduler for GLib.

use glib::MainContext;

use crate::attached::AttachedLoop;
use crate::error::LoopError;
use crate::parts::{Parts, loop_scheduler};

/// A scheduler whose jobs run in GLib's main loop, as in programs with GTK.
///
/// It dereferences to the [`BackgroundScheduler`](punctual_scheduler::BackgroundScheduler) that starts the jobs.
///
/// ```
/// use glib::{MainContext, MainLoop};
/// use punctual_loops::GlibScheduler;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // That of GTK is `MainContext::default()`, which the main thread runs.
/// let context = MainContext::new();
/// let main_loop = MainLoop::new(Some(&context), false);
/// let scheduler = GlibScheduler::builder().timezone("UTC").build()?;
/// let jobs = scheduler.attach(&context)?;
/// let quit = main_loop.clone();
/// scheduler.job(jobs.local_task(move |_| quit.quit())).add()?;
/// main_loop.run();
/// jobs.shutdown()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct GlibScheduler {
    parts: Parts,
}

loop_scheduler!(GlibScheduler);

impl GlibScheduler {
    /// Attaches the current thread, which runs `context`, and starts the scheduler. Jobs have the priority of
    /// [`DEFAULT_IDLE`](glib::Priority::DEFAULT_IDLE): input is handled and windows are drawn first.
    ///
    /// # Errors
    ///
    /// Another loop is attached, another thread runs `context`, or the errors of the scheduler's `start`.
    pub fn attach(&self, context: &MainContext) -> Result<AttachedLoop, LoopError> {
        AttachedLoop::start(&self.parts, self.parts.executor.attach_glib(context)?)
    }
}
