//! The scheduler for loops that wait for file descriptors.

use std::ops::Deref;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use punctual_executor_loop::{LoopBudget, LoopDescriptor};

use crate::attached::AttachedLoop;
use crate::error::LoopError;
use crate::parts::{Parts, loop_scheduler};

/// A scheduler whose jobs run on the thread of a loop that waits for file descriptors: `poll`, epoll, kqueue, libuv,
/// libevent, and the like.
///
/// It dereferences to the [`BackgroundScheduler`](punctual_scheduler::BackgroundScheduler) that starts the jobs.
///
/// ```
/// use punctual_executor_loop::LoopBudget;
/// use punctual_loops::ReactorScheduler;
/// use rustix::event::{PollFd, PollFlags, poll};
/// use std::cell::Cell;
/// use std::rc::Rc;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let scheduler = ReactorScheduler::builder().timezone("UTC").build()?;
/// let jobs = scheduler.attach()?;
/// let is_done = Rc::new(Cell::new(false));
/// let own = Rc::clone(&is_done);
/// scheduler.job(jobs.local_task(move |_| own.set(true))).add()?;
/// while !is_done.get() {
///     let mut descriptors = [PollFd::new(&jobs, PollFlags::IN)];
///     poll(&mut descriptors, None)?;
///     if descriptors[0].revents().contains(PollFlags::IN) {
///         jobs.run_ready(LoopBudget::default());
///     }
/// }
/// jobs.shutdown()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ReactorScheduler {
    parts: Parts,
}

loop_scheduler!(ReactorScheduler);

impl ReactorScheduler {
    /// Attaches the loop of the current thread and starts the scheduler.
    ///
    /// # Errors
    ///
    /// Another loop is attached, no descriptor can be created, or the errors of the scheduler's `start`.
    pub fn attach(&self) -> Result<ReactorLoop, LoopError> {
        let descriptor = self.parts.executor.attach_descriptor()?;
        let attached = AttachedLoop::start(&self.parts, descriptor.runner().clone())?;
        Ok(ReactorLoop { attached, descriptor })
    }
}

/// A running scheduler with a descriptor that is readable while runs are ready; returned by [`ReactorScheduler::attach`].
#[derive(Debug)]
pub struct ReactorLoop {
    attached: AttachedLoop,
    descriptor: LoopDescriptor,
}

impl ReactorLoop {
    /// Executes what is ready and clears the descriptor; see [`LoopDescriptor::run_ready`].
    pub fn run_ready(&self, budget: LoopBudget) -> bool {
        self.descriptor.run_ready(budget)
    }
}

impl Deref for ReactorLoop {
    type Target = AttachedLoop;

    fn deref(&self) -> &AttachedLoop {
        &self.attached
    }
}

impl AsFd for ReactorLoop {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl AsRawFd for ReactorLoop {
    fn as_raw_fd(&self) -> RawFd {
        self.descriptor.as_raw_fd()
    }
}
