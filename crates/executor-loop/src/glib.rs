//! GLib's main loop.

use std::sync::Arc;

use glib::{ControlFlow, MainContext, Priority};

use crate::error::AttachError;
use crate::executor::LoopExecutor;
use crate::runner::LoopRunner;

impl LoopExecutor {
    /// Attaches the current thread, whose GLib main loop on `context` executes the runs, as in programs with GTK. They
    /// have the priority of [`DEFAULT_IDLE`](Priority::DEFAULT_IDLE): input is handled and windows are drawn first.
    ///
    /// ```
    /// use glib::{MainContext, MainLoop};
    /// use punctual_core::Executor;
    /// use punctual_executor_loop::LoopExecutor;
    /// use punctual_testkit::executor::blocking_run;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let executor = LoopExecutor::new();
    /// executor.start()?;
    /// // That of the main thread is `MainContext::default()`.
    /// let context = MainContext::new();
    /// let main_loop = MainLoop::new(Some(&context), false);
    /// let jobs = executor.attach_glib(&context)?;
    ///
    /// let quit = main_loop.clone();
    /// let (run, outcome) = blocking_run(move |_| quit.quit());
    /// executor.submit(run).unwrap();
    /// main_loop.run();
    /// assert!(outcome.outcome().is_success());
    /// # drop(jobs);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`AttachError::AlreadyAttached`], or [`AttachError::Wake`] if another thread runs `context`.
    pub fn attach_glib(&self, context: &MainContext) -> Result<LoopRunner, AttachError> {
        drop(context.acquire().map_err(AttachError::wake)?);
        let (context, mailbox) = (context.clone(), Arc::downgrade(&self.mailbox));
        self.attach(move || {
            let mailbox = mailbox.clone();
            let run = move || {
                if let Some(mailbox) = mailbox.upgrade() {
                    LoopRunner::run_current(&mailbox);
                }
                ControlFlow::Break
            };
            // Not `MainContext::invoke`, which calls the function immediately if the context is that of this thread.
            let source = glib::idle_source_new(Some("punctual"), Priority::DEFAULT_IDLE, run);
            source.attach(Some(&context));
        })
    }
}
