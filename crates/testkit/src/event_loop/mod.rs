//! The suite of executors that run jobs on the loop of a program.
//!
//! A fixture starts the loop on a thread. One macro call generates a `#[test]` for each case of this suite and of the
//! [executor suite](crate::executor):
//!
//! ```
//! use std::sync::Arc;
//! use std::sync::mpsc::channel;
//! use std::thread;
//!
//! use punctual_executor_loop::{LoopBudget, LoopExecutor};
//! use punctual_testkit::event_loop::{LoopFixture, LoopOptions, LoopThread};
//!
//! struct Messages;
//!
//! enum Message { RunJobs, Quit }
//!
//! impl LoopFixture for Messages {
//!     type Executor = Arc<LoopExecutor>;
//!
//!     fn open(options: LoopOptions) -> LoopThread<Arc<LoopExecutor>> {
//!         let executor = Arc::new(
//!             LoopExecutor::new()
//!                 .max_concurrent(options.max_concurrent)
//!                 .blocking_limit(options.blocking_limit),
//!         );
//!         let (sender, messages) = channel();
//!         let (attached, waker) = (Arc::downgrade(&executor), sender.clone());
//!         LoopThread::start(
//!             executor,
//!             move |is_attached| {
//!                 let executor = attached.upgrade().unwrap();
//!                 let jobs = executor.attach(move || drop(waker.send(Message::RunJobs))).unwrap();
//!                 drop(executor);
//!                 is_attached();
//!                 for message in messages {
//!                     match message {
//!                         Message::RunJobs => drop(jobs.run_ready(LoopBudget::default())),
//!                         Message::Quit => break,
//!                     }
//!                 }
//!             },
//!             move || drop(sender.send(Message::Quit)),
//!         )
//!     }
//! }
//!
//! punctual_testkit::loop_suite!(messages, Messages);
//! ```

#[doc(hidden)]
pub mod cases;
mod fixture;
mod suite;
mod thread;

#[doc(hidden)]
pub use fixture::OnLoop;
pub use fixture::{LoopFixture, LoopOptions};
pub use thread::LoopThread;
