//! The scheduler for winit.

use winit::event_loop::EventLoopProxy;

use crate::attached::AttachedLoop;
use crate::error::LoopError;
use crate::parts::{Parts, loop_scheduler};

/// A scheduler whose jobs run in the event loop of [`winit`].
///
/// It dereferences to the [`BackgroundScheduler`](punctual_scheduler::BackgroundScheduler) that starts the jobs.
///
/// ```no_run
/// use punctual_executor_loop::LoopBudget;
/// use punctual_loops::{AttachedLoop, WinitScheduler};
/// use winit::application::ApplicationHandler;
/// use winit::event::WindowEvent;
/// use winit::event_loop::{ActiveEventLoop, EventLoop};
/// use winit::window::WindowId;
///
/// enum UserEvent {
///     RunJobs,
///     Quit,
/// }
///
/// struct App {
///     jobs: AttachedLoop,
/// }
///
/// impl ApplicationHandler<UserEvent> for App {
///     fn about_to_wait(&mut self, _: &ActiveEventLoop) {
///         self.jobs.run_ready(LoopBudget::default());
///     }
///
///     fn user_event(&mut self, event_loop: &ActiveEventLoop, event: UserEvent) {
///         match event {
///             UserEvent::RunJobs => {} // has woken the loop
///             UserEvent::Quit => event_loop.exit(),
///         }
///     }
///
///     fn resumed(&mut self, _: &ActiveEventLoop) {}
///
///     fn window_event(&mut self, _: &ActiveEventLoop, _: WindowId, _: WindowEvent) {}
/// }
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let event_loop = EventLoop::with_user_event().build()?;
/// let scheduler = WinitScheduler::builder().timezone("UTC").build()?;
/// let jobs = scheduler.attach(event_loop.create_proxy(), || UserEvent::RunJobs)?;
/// let quit = event_loop.create_proxy();
/// scheduler.job(jobs.local_task(move |_| quit.send_event(UserEvent::Quit).is_ok())).add()?;
/// let mut app = App { jobs };
/// event_loop.run_app(&mut app)?;
/// app.jobs.shutdown()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct WinitScheduler {
    parts: Parts,
}

loop_scheduler!(WinitScheduler);

impl WinitScheduler {
    /// Attaches the event loop of the current thread and starts the scheduler. It can be called before the loop runs.
    ///
    /// `event` wakes the loop; the handler need not process it. In `about_to_wait`, which follows all input and redraws,
    /// the handler calls [`run_ready`](punctual_executor_loop::LoopRunner::run_ready); see
    /// [`LoopExecutor::attach_winit`](punctual_executor_loop::LoopExecutor::attach_winit).
    ///
    /// # Errors
    ///
    /// Another loop is attached, or the errors of the scheduler's `start`.
    pub fn attach<T: Send + 'static>(
        &self,
        proxy: EventLoopProxy<T>,
        event: impl Fn() -> T + Send + Sync + 'static,
    ) -> Result<AttachedLoop, LoopError> {
        AttachedLoop::start(&self.parts, self.parts.executor.attach_winit(proxy, event)?)
    }
}
