//! A calloop event loop.

use std::fmt;

use calloop::ping::{PingError, PingSource, make_ping};
use calloop::{EventSource, Poll, PostAction, Readiness, Token, TokenFactory};

use crate::budget::LoopBudget;
use crate::error::AttachError;
use crate::executor::LoopExecutor;
use crate::runner::LoopRunner;

impl LoopExecutor {
    /// Attaches the current thread, whose [`calloop`] loop executes the runs: insert the returned source into it.
    ///
    /// ```
    /// use calloop::EventLoop;
    /// use punctual_core::Executor;
    /// use punctual_executor_loop::LoopExecutor;
    /// use punctual_testkit::executor::blocking_run;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let executor = LoopExecutor::new();
    /// executor.start()?;
    /// let mut event_loop = EventLoop::<()>::try_new()?;
    /// let (runner, source) = executor.attach_calloop()?;
    /// event_loop.handle().insert_source(source, |(), (), ()| {})?;
    ///
    /// let (run, outcome) = blocking_run(|_| 42);
    /// executor.submit(run).unwrap();
    /// event_loop.dispatch(None, &mut ())?;
    /// assert_eq!(outcome.outcome().to_string(), "success: 42");
    /// # drop(runner);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`AttachError::AlreadyAttached`], or [`AttachError::Wake`] if no descriptor can be created.
    pub fn attach_calloop(&self) -> Result<(LoopRunner, CalloopSource), AttachError> {
        let (ping, pings) = make_ping().map_err(AttachError::wake)?;
        let runner = self.attach(move || ping.ping())?;
        let budget = LoopBudget::default();
        Ok((runner.clone(), CalloopSource { runner, pings, budget }))
    }
}

/// Executes runs in a [`calloop`] loop; returned by [`LoopExecutor::attach_calloop`]. It generates no events.
pub struct CalloopSource {
    runner: LoopRunner,
    pings: PingSource,
    budget: LoopBudget,
}

impl CalloopSource {
    /// Sets how much is executed before other sources of the loop continue. Default: [`LoopBudget::default`].
    ///
    /// ```
    /// use punctual_executor_loop::{LoopBudget, LoopExecutor};
    ///
    /// # fn main() -> Result<(), punctual_executor_loop::AttachError> {
    /// let (_, source) = LoopExecutor::new().attach_calloop()?;
    /// let source = source.budget(LoopBudget::UNLIMITED.runs(10));
    /// # drop(source);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn budget(mut self, budget: LoopBudget) -> Self {
        self.budget = budget;
        self
    }
}

impl EventSource for CalloopSource {
    type Event = ();
    type Metadata = ();
    type Ret = ();
    type Error = PingError;

    fn process_events<F>(
        &mut self,
        readiness: Readiness,
        token: Token,
        _: F,
    ) -> Result<PostAction, PingError>
    where
        F: FnMut((), &mut ()),
    {
        let Self { runner, pings, budget } = self;
        pings.process_events(readiness, token, |(), &mut ()| {
            runner.run_ready(*budget);
        })
    }

    fn register(&mut self, poll: &mut Poll, factory: &mut TokenFactory) -> calloop::Result<()> {
        self.pings.register(poll, factory)
    }

    fn reregister(&mut self, poll: &mut Poll, factory: &mut TokenFactory) -> calloop::Result<()> {
        self.pings.reregister(poll, factory)
    }

    fn unregister(&mut self, poll: &mut Poll) -> calloop::Result<()> {
        self.pings.unregister(poll)
    }
}

impl fmt::Debug for CalloopSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CalloopSource").field(&self.runner).finish()
    }
}
