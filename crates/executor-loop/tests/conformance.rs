//! The suites of executors and loops, run with every kind of loop.

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

/// A loop that waits for descriptors with `poll`.
#[cfg(all(unix, feature = "descriptor"))]
mod descriptor {
    use std::io::{Read, Write, pipe};

    use rustix::event::{PollFd, PollFlags, poll};

    use super::*;

    struct Poll;

    impl LoopFixture for Poll {
        type Executor = Arc<LoopExecutor>;

        fn open(options: LoopOptions) -> Opened {
            let executor = executor(options);
            let weak = Arc::downgrade(&executor);
            let (mut end, quit) = pipe().unwrap();
            LoopThread::start(
                executor,
                move |attached| {
                    let jobs = weak.upgrade().unwrap().attach_descriptor().unwrap();
                    attached();
                    loop {
                        let own = PollFd::new(&jobs, PollFlags::IN);
                        let mut descriptors = [own, PollFd::new(&end, PollFlags::IN)];
                        poll(&mut descriptors, None).unwrap();
                        let [own, quit] = descriptors.map(|descriptor| descriptor.revents());
                        if quit.contains(PollFlags::IN) {
                            end.read_exact(&mut [0]).unwrap();
                            break;
                        }
                        if own.contains(PollFlags::IN) {
                            jobs.run_ready(LoopBudget::default());
                        }
                    }
                },
                move || drop((&quit).write(&[0])),
            )
        }
    }

    punctual_testkit::loop_suite!(poll_loop, Poll);
}

/// A calloop loop.
#[cfg(all(unix, feature = "calloop"))]
mod calloop_loop {
    use ::calloop::EventLoop;
    use ::calloop::ping::make_ping;

    use super::*;

    struct Calloop;

    impl LoopFixture for Calloop {
        type Executor = Arc<LoopExecutor>;

        fn open(options: LoopOptions) -> Opened {
            let executor = executor(options);
            let weak = Arc::downgrade(&executor);
            let (quit, pings) = make_ping().unwrap();
            LoopThread::start(
                executor,
                move |attached| {
                    let mut event_loop = EventLoop::<()>::try_new().unwrap();
                    let (runner, source) = weak.upgrade().unwrap().attach_calloop().unwrap();
                    drop(runner);
                    let (handle, signal) = (event_loop.handle(), event_loop.get_signal());
                    handle.insert_source(source, |(), (), ()| {}).unwrap();
                    handle.insert_source(pings, move |(), &mut (), ()| signal.stop()).unwrap();
                    attached();
                    event_loop.run(None, &mut (), |()| {}).unwrap();
                },
                move || quit.ping(),
            )
        }
    }

    punctual_testkit::loop_suite!(calloop, Calloop);
}

/// GLib's main loop.
#[cfg(feature = "glib")]
mod glib_loop {
    use ::glib::{MainContext, MainLoop};

    use super::*;

    struct Glib;

    impl LoopFixture for Glib {
        type Executor = Arc<LoopExecutor>;

        fn open(options: LoopOptions) -> Opened {
            let executor = executor(options);
            let weak = Arc::downgrade(&executor);
            let context = MainContext::new();
            let main_loop = MainLoop::new(Some(&context), false);
            let (quit, loop_context) = (main_loop.clone(), context.clone());
            LoopThread::start(
                executor,
                move |attached| {
                    let jobs = weak.upgrade().unwrap().attach_glib(&loop_context).unwrap();
                    attached();
                    main_loop.run();
                    drop(jobs);
                },
                move || {
                    // In the loop: it may not have begun to run.
                    let quit = quit.clone();
                    context.invoke(move || quit.quit());
                },
            )
        }
    }

    punctual_testkit::loop_suite!(glib, Glib);
}

/// Qt's event loop.
#[cfg(feature = "qt")]
mod qt_loop {
    use std::rc::Rc;
    use std::sync::OnceLock;

    use punctual_qt_sys::{EventLoop, Receiver, Waker};

    use super::*;

    struct Qt;

    impl LoopFixture for Qt {
        type Executor = Arc<LoopExecutor>;

        fn open(options: LoopOptions) -> Opened {
            let executor = executor(options);
            let weak = Arc::downgrade(&executor);
            let quit = Arc::new(OnceLock::<Waker>::new());
            let quit_of_loop = Arc::clone(&quit);
            LoopThread::start(
                executor,
                move |attached| {
                    let event_loop = Rc::new(EventLoop::new());
                    let own = Rc::clone(&event_loop);
                    let quit = Receiver::new(move || own.quit());
                    quit_of_loop.set(quit.waker()).unwrap();
                    let jobs = weak.upgrade().unwrap().attach_qt().unwrap();
                    attached();
                    event_loop.exec();
                    drop(jobs);
                },
                // In the loop: it may not have begun to run.
                move || quit.get().unwrap().wake(),
            )
        }
    }

    punctual_testkit::loop_suite!(qt, Qt);
}
