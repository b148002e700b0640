//! The loop's side of the executor.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use punctual_core::{Prepared, RunMonitor, Worker};

use crate::budget::LoopBudget;
use crate::clock::Stopwatch;
use crate::locals::Locals;
use crate::mailbox::Mailbox;
use crate::tasks::Tasks;

/// Executes the runs of a [`LoopExecutor`](crate::LoopExecutor) on the thread of a loop; returned by its `attach`. It
/// can't be sent to another thread. Clones refer to the same loop.
///
/// When the last clone is dropped, the loop has ended: unfinished runs are reported as lost, and further ones are
/// refused until another loop is attached.
#[derive(Clone)]
pub struct LoopRunner {
    inner: Rc<Inner>,
}

thread_local! {
    /// The loops that are attached on this thread.
    static RUNNERS: RefCell<Vec<Weak<Inner>>> = const { RefCell::new(Vec::new()) };
}

struct Inner {
    mailbox: Arc<Mailbox>,
    blocking_limit: Duration,
    ready: RefCell<VecDeque<Ready>>,
    tasks: Tasks,
    locals: Rc<Locals>,
}

/// Work that can be executed now.
enum Ready {
    /// Takes the next run from the executor's queue.
    Worker(Worker),
    /// Polls a future.
    Task(u64),
}

impl LoopRunner {
    pub(crate) fn new(mailbox: Arc<Mailbox>, blocking_limit: Duration) -> Self {
        let locals = Locals::new(&mailbox);
        let inner = Rc::new(Inner {
            mailbox,
            blocking_limit,
            ready: RefCell::default(),
            tasks: Tasks::default(),
            locals,
        });
        RUNNERS.with_borrow_mut(|runners| {
            runners.retain(|runner| runner.strong_count() > 0);
            runners.push(Rc::downgrade(&inner));
        });
        Self { inner }
    }

    /// Returns the runner of this thread with this mailbox.
    pub(crate) fn current(mailbox: &Arc<Mailbox>) -> Option<Self> {
        let find = |runners: &RefCell<Vec<Weak<Inner>>>| {
            let runners = runners.borrow();
            let mut runners = runners.iter().filter_map(Weak::upgrade);
            runners.find(|runner| Arc::ptr_eq(&runner.mailbox, mailbox))
        };
        // Fails while the thread ends.
        RUNNERS.try_with(find).ok().flatten().map(|inner| Self { inner })
    }

    /// Executes what is ready on the loop with this mailbox, if it is that of this thread: for loops that call functions
    /// which other threads give them.
    #[cfg(any(feature = "glib", feature = "qt"))]
    pub(crate) fn run_current(mailbox: &Arc<Mailbox>) {
        // Otherwise the loop has been detached since it was woken.
        if let Some(runner) = Self::current(mailbox) {
            runner.run_ready(LoopBudget::default());
        }
    }

    pub(crate) fn locals(&self) -> &Rc<Locals> {
        &self.inner.locals
    }

    /// Executes what is ready, within the budget: starts queued runs and polls woken futures, in turns. Returns whether
    /// work is left; the waker has then been called.
    ///
    /// It can be called at any time, also without a wake-up, and from a job: a modal dialog may run the loop. Panics of
    /// jobs are caught and reported.
    ///
    /// ```
    /// use punctual_executor_loop::{LoopBudget, LoopExecutor};
    ///
    /// # fn main() -> Result<(), punctual_executor_loop::AttachError> {
    /// let jobs = LoopExecutor::new().attach(|| {})?;
    /// for _frame in 0..60 {
    ///     // Draw the frame, and then:
    ///     jobs.run_ready(LoopBudget::default());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn run_ready(&self, budget: LoopBudget) -> bool {
        let inner = &*self.inner;
        inner.take_mail();
        let begin = (budget.time != Duration::MAX).then(Stopwatch::start);
        let mut executed = 0;
        loop {
            let Some(next) = inner.next() else { return false };
            match next {
                Ready::Worker(worker) => inner.start_next_run(worker),
                Ready::Task(id) => inner.poll(id),
            }
            executed += 1;
            if executed >= budget.runs || begin.is_some_and(|b| b.elapsed() >= budget.time) {
                break;
            }
        }
        let is_left = !inner.ready.borrow().is_empty();
        if is_left {
            inner.mailbox.wake();
        }
        is_left
    }

    /// Polls a future on the loop until it is ready. It need not be `Send`. A panic is logged. If the loop ends earlier,
    /// the future is dropped.
    ///
    /// ```
    /// use punctual_executor_loop::{LoopBudget, LoopExecutor};
    /// use std::cell::Cell;
    /// use std::rc::Rc;
    ///
    /// # fn main() -> Result<(), punctual_executor_loop::AttachError> {
    /// let jobs = LoopExecutor::new().attach(|| {})?;
    /// let counter = Rc::new(Cell::new(0));
    /// let own = Rc::clone(&counter);
    /// jobs.spawn(async move { own.set(1) });
    /// jobs.run_ready(LoopBudget::default());
    /// assert_eq!(counter.get(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn spawn(&self, future: impl Future<Output = ()> + 'static) {
        let id = self.inner.tasks.add(&self.inner.mailbox, Box::pin(future), None);
        self.inner.ready.borrow_mut().push_back(Ready::Task(id));
        self.inner.mailbox.wake();
    }

    /// Blocks this thread until the future is ready, and executes runs meanwhile. For the end of a program, when its
    /// loop no longer runs: a blocking call that waits for jobs of this loop would never return.
    ///
    /// ```
    /// use punctual_executor_loop::LoopExecutor;
    ///
    /// # fn main() -> Result<(), punctual_executor_loop::AttachError> {
    /// let jobs = LoopExecutor::new().attach(|| {})?;
    /// assert_eq!(jobs.block_on(async { 42 }), 42);
    /// # Ok(())
    /// # }
    /// ```
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        let _unpark = self.inner.mailbox.unpark_current_thread();
        let waker = Waker::from(Arc::new(Unpark(thread::current())));
        let mut context = Context::from_waker(&waker);
        let mut future = std::pin::pin!(future);
        loop {
            if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
                return value;
            }
            if !self.run_ready(LoopBudget::default()) {
                // Returns immediately if the future was woken, or mail has arrived, since the last time.
                thread::park();
            }
        }
    }

    /// Returns the number of futures that are waiting or ready: async runs, and those of [`spawn`](Self::spawn).
    ///
    /// ```
    /// use punctual_executor_loop::LoopExecutor;
    ///
    /// # fn main() -> Result<(), punctual_executor_loop::AttachError> {
    /// let jobs = LoopExecutor::new().attach(|| {})?;
    /// jobs.spawn(std::future::pending());
    /// assert_eq!(jobs.future_count(), 1);
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn future_count(&self) -> usize {
        self.inner.tasks.len()
    }
}

impl Inner {
    fn take_mail(&self) {
        let mail = self.mailbox.take();
        let mut ready = self.ready.borrow_mut();
        ready.extend(mail.woken.into_iter().map(Ready::Task));
        ready.extend(mail.workers.into_iter().map(Ready::Worker));
        drop(ready);
        for key in mail.released {
            guarded("the destructor of a value of a job", || self.locals.remove(key));
        }
    }

    fn next(&self) -> Option<Ready> {
        self.ready.borrow_mut().pop_front()
    }

    fn push(&self, ready: Ready) {
        self.ready.borrow_mut().push_back(ready);
    }

    /// Finishes the previous run of the worker, and executes the next one, if there is any.
    fn start_next_run(&self, mut worker: Worker) {
        let Some((run, another)) = worker.next() else { return };
        let has_another = another.is_some();
        if let Some(another) = another {
            // Before the run is executed: it may run the loop.
            self.push(Ready::Worker(another));
        }
        let monitor = run.monitor();
        let work = match guarded("a run", || run.prepare()).flatten() {
            Some(Prepared::Async(work)) => work,
            Some(Prepared::Blocking(work)) => {
                let begin = Stopwatch::start();
                guarded("a run", || work.run());
                self.report_if_blocked(begin, &monitor);
                return self.continue_with(worker, has_another);
            }
            None => return self.continue_with(worker, has_another),
        };
        let id = self.tasks.add(&self.mailbox, Box::pin(work), Some((worker, monitor)));
        self.poll(id);
    }

    /// Queues a worker that has finished a run, unless another one continues: one is enough for runs that don't wait.
    fn continue_with(&self, worker: Worker, has_another: bool) {
        if !has_another {
            self.push(Ready::Worker(worker));
        }
    }

    fn poll(&self, id: u64) {
        let Some(mut task) = self.tasks.take(id) else { return };
        task.begin_poll();
        let begin = Stopwatch::start();
        let mut context = Context::from_waker(&task.waker);
        let polled = guarded("a future", || task.future.as_mut().poll(&mut context));
        if let Some((_, monitor)) = &task.run {
            self.report_if_blocked(begin, monitor);
        }
        if matches!(polled, Some(Poll::Pending)) {
            if self.tasks.put_back(id, task) {
                self.push(Ready::Task(id));
                self.mailbox.wake();
            }
            return;
        }
        self.tasks.remove(id);
        let (future, run) = (task.future, task.run);
        guarded("the destructor of a future", || drop(future));
        if let Some((worker, _)) = run {
            self.push(Ready::Worker(worker));
        }
    }

    fn report_if_blocked(&self, begin: Stopwatch, monitor: &RunMonitor) {
        let elapsed = begin.elapsed();
        if elapsed > self.blocking_limit {
            monitor.blocked(elapsed);
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let mail = self.mailbox.detach();
        // Futures first, so that the resources of runs are released when they are reported as lost.
        let futures = self.tasks.take_all();
        guarded("the destructor of a future", || drop(futures));
        guarded("the destructor of a run", || drop(mail));
        guarded("the destructor of a run", || self.ready.borrow_mut().clear());
        guarded("the destructor of a value of a job", || self.locals.clear());
    }
}

/// Runs user code. Panics of jobs are reported by their runs; this catches others, such as in destructors, which would
/// unwind into the program's loop.
fn guarded<T>(what: &str, f: impl FnOnce() -> T) -> Option<T> {
    let result = catch_unwind(AssertUnwindSafe(f));
    if result.is_err() {
        tracing::error!("{what} panicked on the loop");
    }
    result.ok()
}

/// Unparks the thread of `block_on`.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

impl fmt::Debug for LoopRunner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoopRunner")
            .field("ready", &self.inner.ready.borrow().len())
            .field("futures", &self.inner.tasks.len())
            .finish_non_exhaustive()
    }
}
