//! GLib's main loop.

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
