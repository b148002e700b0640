//! A loop that waits for descriptors with `poll`.

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
