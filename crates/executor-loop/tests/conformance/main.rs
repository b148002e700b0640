//! The suites of executors and loops, run with every kind of loop.

#[cfg(all(unix, feature = "calloop"))]
mod calloop_loop;
#[cfg(all(unix, feature = "descriptor"))]
mod descriptor;
#[cfg(feature = "glib")]
mod glib_loop;
#[cfg(feature = "qt")]
mod qt_loop;
#[cfg(all(target_os = "linux", feature = "winit"))]
mod winit_loop;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;

use punctual_executor_loop::{LoopBudget, LoopExecutor};
use punctual_testkit::event_loop::{LoopFixture, LoopOptions, LoopThread};
use tokio::sync::Notify;
use tokio::task::LocalSet;

type Opened = LoopThread<Arc<LoopExecutor>>;

fn executor(options: LoopOptions) -> Arc<LoopExecutor> {
    let LoopOptions { max_concurrent, blocking_limit, .. } = options;
    let executor = LoopExecutor::new().max_concurrent(max_concurrent);
    Arc::new(executor.blocking_limit(blocking_limit))
}

/// A loop by hand, which receives messages.
struct Messages;

enum Message {
    RunJobs,
    Quit,
}

fn open_messages(options: LoopOptions, budget: LoopBudget) -> Opened {
    let executor = executor(options);
    let (sender, messages) = channel();
    let (weak, waker) = (Arc::downgrade(&executor), sender.clone());
    LoopThread::start(
        executor,
        move |attached| {
            let wake = move || drop(waker.send(Message::RunJobs));
            let jobs = weak.upgrade().unwrap().attach(wake).unwrap();
            attached();
            for message in messages {
                match message {
                    Message::RunJobs => drop(jobs.run_ready(budget)),
                    Message::Quit => break,
                }
            }
        },
        move || drop(sender.send(Message::Quit)),
    )
}

impl LoopFixture for Messages {
    type Executor = Arc<LoopExecutor>;

    fn open(options: LoopOptions) -> Opened {
        open_messages(options, LoopBudget::default())
    }
}

punctual_testkit::loop_suite!(messages, Messages);

/// The same with the smallest budget, so that the loop is woken for each run.
struct OneAtATime;

impl LoopFixture for OneAtATime {
    type Executor = Arc<LoopExecutor>;

    fn open(options: LoopOptions) -> Opened {
        open_messages(options, LoopBudget::UNLIMITED.runs(1))
    }
}

punctual_testkit::loop_suite!(one_at_a_time, OneAtATime);

/// A loop that never sleeps, as that of a game, and needs no waker.
struct Frames;

impl LoopFixture for Frames {
    type Executor = Arc<LoopExecutor>;

    fn open(options: LoopOptions) -> Opened {
        let executor = executor(options);
        let weak = Arc::downgrade(&executor);
        let running = Arc::new(AtomicBool::new(true));
        let quit = Arc::clone(&running);
        LoopThread::start(
            executor,
            move |attached| {
                let jobs = weak.upgrade().unwrap().attach(|| {}).unwrap();
                attached();
                while running.load(Ordering::Acquire) {
                    jobs.run_ready(LoopBudget::default());
                    std::thread::yield_now();
                }
            },
            move || quit.store(false, Ordering::Release),
        )
    }
}

punctual_testkit::loop_suite!(frames, Frames);

/// A tokio `LocalSet`.
struct OnLocalSet;

impl LoopFixture for OnLocalSet {
    type Executor = Arc<LoopExecutor>;

    fn open(options: LoopOptions) -> Opened {
        let executor = executor(options);
        let weak = Arc::downgrade(&executor);
        let running = Arc::new(Notify::new());
        let quit = Arc::clone(&running);
        LoopThread::start(
            executor,
            move |attached| {
                let (runner, jobs) = weak.upgrade().unwrap().attach_future().unwrap();
                drop(runner);
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                LocalSet::new().block_on(&runtime, async {
                    tokio::task::spawn_local(jobs);
                    attached();
                    running.notified().await;
                });
            },
            move || quit.notify_one(),
        )
    }
}

punctual_testkit::loop_suite!(local_set, OnLocalSet);

/// The executor of smol for futures that are not `Send`.
struct OnSmol;

impl LoopFixture for OnSmol {
    type Executor = Arc<LoopExecutor>;

    fn open(options: LoopOptions) -> Opened {
        let executor = executor(options);
        let weak = Arc::downgrade(&executor);
        let running = Arc::new(Notify::new());
        let quit = Arc::clone(&running);
        LoopThread::start(
            executor,
            move |attached| {
                let (runner, jobs) = weak.upgrade().unwrap().attach_future().unwrap();
                drop(runner);
                let local = async_executor::LocalExecutor::new();
                local.spawn(jobs).detach();
                attached();
                pollster::block_on(local.run(running.notified()));
            },
            move || quit.notify_one(),
        )
    }
}

punctual_testkit::loop_suite!(smol, OnSmol);
