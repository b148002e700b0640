//! A manual scheduler with ears.

use std::future::{Future, poll_fn};
use std::ops::Deref;
use std::task::Poll;

use punctual_core::{Clock, EventMask, Timestamp};
use punctual_scheduler::{AsyncScheduler, SchedulerBuilder};
use punctual_store_memory::MemoryJobStore;
use punctual_testkit::ManualScheduler;

use super::{Call, Fault, Faults, Held, Log, PATIENCE, Recorder, at};

/// A scheduler whose time is moved by hand, what it told, and what its tasks told.
pub(crate) struct Rig {
    scheduler: ManualScheduler,
    pub(crate) events: Recorder,
    pub(crate) log: Log,
}

impl Rig {
    /// One on a new memory store, at second 0.
    pub(crate) fn in_memory() -> Self {
        Self::new(|builder| builder.job_store("default", MemoryJobStore::new()))
    }

    /// One as described, at second 0.
    pub(crate) fn new(
        configure: impl FnOnce(SchedulerBuilder<AsyncScheduler>) -> SchedulerBuilder<AsyncScheduler>,
    ) -> Self {
        let (events, log) = (Recorder::default(), Log::default());
        let scheduler = ManualScheduler::start(at(0), |builder| {
            let builder = builder.timezone("UTC").state(log.clone());
            configure(builder.listener(EventMask::ALL, events.listener()))
        });
        Self { scheduler: scheduler.expect("a rig"), events, log }
    }

    /// Moves the time to that second, and runs all that becomes due on the way.
    pub(crate) fn run_until(&self, second: i64) {
        self.scheduler.advance_to(at(second));
    }

    /// Sets the clock to that second and makes passes until none is needed now. Unlike `run_until`, it
    /// skips what lies between, and waits for no run.
    pub(crate) fn jump_to(&self, second: i64) -> Option<Timestamp> {
        self.clock().set(at(second));
        self.pass()
    }

    /// Jumps from second to second until that one, or until the executor has a run.
    pub(crate) fn run_until_held(&self, second: i64, held: &Held) {
        let begin = self.clock().now().saturating_since(at(0)).as_secs();
        for second in i64::try_from(begin).expect("a second")..=second {
            self.jump_to(second);
            if held.len() > 0 {
                return;
            }
        }
    }

    /// A pass at that second, by a caller who loses patience while it is stuck in the call.
    pub(crate) fn pass_cut_off(&self, second: i64, faults: &Faults, call: Call, fault: Fault) {
        drop(self.stuck_pass(second, faults, call, fault));
        faults.clear();
    }

    fn stuck_pass(
        &self,
        second: i64,
        faults: &Faults,
        call: Call,
        fault: Fault,
    ) -> impl Future<Output = Option<Timestamp>> {
        faults.set(call, fault);
        self.clock().set(at(second));
        let stuck = faults.stuck();
        let mut pass = Box::pin(self.tick(at(second)));
        self.block_on(poll_fn(|context| {
            assert!(pass.as_mut().poll(context).is_pending(), "it asks {call:?}");
            if faults.stuck() > stuck { Poll::Ready(()) } else { Poll::Pending }
        }));
        pass
    }

    /// A pass at that second, stuck in the call while something else happens.
    pub(crate) fn pass_held_up(
        &self,
        second: i64,
        faults: &Faults,
        call: Call,
        fault: Fault,
        meanwhile: impl FnOnce(),
    ) {
        let pass = self.stuck_pass(second, faults, call, fault);
        meanwhile();
        faults.clear();
        self.block_on(pass);
    }

    /// Makes passes until none is needed now; answers when the next one is.
    pub(crate) fn pass(&self) -> Option<Timestamp> {
        for _ in 0..100 {
            let now = self.clock().now();
            let next = self.block_on(self.tick(now));
            if next.is_none_or(|next| next > now) {
                self.block_on(self.flush_events(PATIENCE));
                return next;
            }
        }
        panic!("there is no end of passes at the same time");
    }
}

impl Deref for Rig {
    type Target = ManualScheduler;

    fn deref(&self) -> &ManualScheduler {
        &self.scheduler
    }
}
