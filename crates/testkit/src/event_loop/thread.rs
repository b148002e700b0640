//! The thread of a loop under test.

use std::fmt;
use std::sync::mpsc::channel;
use std::thread::{self, JoinHandle, ThreadId};
use std::time::Duration;

use punctual_core::{BoxFuture, Executor, ExecutorError, Refused, Run};

/// An executor with the thread of its loop. When it is dropped, the executor is dropped first, and then the loop quits.
pub struct LoopThread<E> {
    executor: Option<E>,
    /// That on which the loop was attached.
    id: ThreadId,
    thread: Option<JoinHandle<()>>,
    quit: Box<dyn Fn() + Send + Sync>,
}

impl<E: Executor> LoopThread<E> {
    /// Starts a thread for a loop, and waits until the loop is attached to the executor. `run_loop` is called on that
    /// thread: it attaches its loop, calls its argument, and runs the loop until `quit` is called. It must not own the
    /// executor while it runs the loop.
    ///
    /// If the thread of the loop is another one, which exists already, `run_loop` calls its argument there, and waits for
    /// the end of the loop.
    ///
    /// # Panics
    ///
    /// If the loop ends before it is attached.
    #[must_use]
    pub fn start(
        executor: E,
        run_loop: impl FnOnce(Box<dyn FnOnce() + Send>) + Send + 'static,
        quit: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        let (sender, attached) = channel();
        let thread = thread::spawn(move || {
            // The receiver is waiting below.
            run_loop(Box::new(move || sender.send(thread::current().id()).unwrap_or_default()));
        });
        let id = attached.recv().expect("the loop is attached");
        Self { executor: Some(executor), id, thread: Some(thread), quit: Box::new(quit) }
    }

    /// Returns the id of the loop's thread.
    #[must_use]
    pub fn id(&self) -> ThreadId {
        self.id
    }

    /// Makes the loop quit, and waits for its thread. The executor remains.
    ///
    /// # Panics
    ///
    /// If the loop panicked.
    pub fn quit(&mut self) {
        if let Some(thread) = self.thread.take() {
            (self.quit)();
            thread.join().expect("the loop does not panic");
        }
    }

    fn executor(&self) -> &E {
        self.executor.as_ref().expect("only `drop` takes the executor")
    }
}

impl<E: Executor> Executor for LoopThread<E> {
    fn start(&self) -> Result<(), ExecutorError> {
        self.executor().start()
    }

    fn submit(&self, run: Run) -> Result<(), Refused> {
        self.executor().submit(run)
    }

    fn shutdown(&self, timeout: Duration) -> BoxFuture<'_, ()> {
        self.executor().shutdown(timeout)
    }
}

impl<E> Drop for LoopThread<E> {
    fn drop(&mut self) {
        // It cancels the runs, so that the loop can quit.
        drop(self.executor.take());
        if let Some(thread) = self.thread.take() {
            // The last reference may be dropped by a run on the loop itself, which can't wait for itself.
            let is_own = self.id == thread::current().id();
            (self.quit)();
            let ended = if is_own { Ok(()) } else { thread.join() };
            assert!(ended.is_ok() || thread::panicking(), "the loop panicked");
        }
    }
}

impl<E> fmt::Debug for LoopThread<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoopThread").field("thread", &self.thread).finish_non_exhaustive()
    }
}
