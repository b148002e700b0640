//! The event loop of winit.

use winit::event_loop::EventLoopProxy;

use crate::error::AttachError;
use crate::executor::LoopExecutor;
use crate::runner::LoopRunner;

impl LoopExecutor {
    /// Attaches the current thread, whose winit event loop executes the runs: in `about_to_wait` of its handler, call
    /// [`LoopRunner::run_ready`]. The loop is woken by `event`, which the handler need not process.
    ///
    /// Don't call `run_ready` in `user_event`: if work is left, that sends another event, which on some systems the loop
    /// takes before input and redraws.
    ///
    /// ```no_run
    /// use punctual_executor_loop::{LoopBudget, LoopExecutor, LoopRunner};
    /// use winit::application::ApplicationHandler;
    /// use winit::event::WindowEvent;
    /// use winit::event_loop::{ActiveEventLoop, EventLoop};
    /// use winit::window::WindowId;
    ///
    /// struct App {
    ///     jobs: LoopRunner,
    /// }
    ///
    /// impl ApplicationHandler for App {
    ///     fn about_to_wait(&mut self, _: &ActiveEventLoop) {
    ///         self.jobs.run_ready(LoopBudget::default());
    ///     }
    ///
    ///     fn resumed(&mut self, _: &ActiveEventLoop) {}
    ///
    ///     fn window_event(&mut self, _: &ActiveEventLoop, _: WindowId, _: WindowEvent) {}
    /// }
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let executor = LoopExecutor::new();
    /// let event_loop = EventLoop::new()?;
    /// let jobs = executor.attach_winit(event_loop.create_proxy(), || ())?;
    /// event_loop.run_app(&mut App { jobs })?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`AttachError::AlreadyAttached`].
    pub fn attach_winit<T: Send + 'static>(
        &self,
        proxy: EventLoopProxy<T>,
        event: impl Fn() -> T + Send + Sync + 'static,
    ) -> Result<LoopRunner, AttachError> {
        // Fails only if the loop has ended.
        self.attach(move || drop(proxy.send_event(event())))
    }
}
