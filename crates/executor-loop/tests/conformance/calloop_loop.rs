//! A calloop loop.

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
