//! Qt's event loop.

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
