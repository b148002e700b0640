//! A manual scheduler whose events and task calls are recorded.

use std::future::{Future, poll_fn};
use std::ops::Deref;
use std::task::Poll;
use std::time::Duration;

use punctual_core::{Clock, EventMask, Timestamp};
use punctual_scheduler::{AsyncScheduler, FailureLog, SchedulerBuilder};
use punctual_store_memory::MemoryJobStore;
use punctual_testkit::ManualScheduler;

use super::{Call, Fault, Faults, Log, ManualExecutor, Recorder, TIMEOUT, at};

/// A claim under which a run has started is settled within this time.
const SETTLED_WITHIN: Duration = Duration::from_millis(10);

/// A scheduler with a manual clock, its events, and the log of its tasks.
pub(crate) struct SchedulerFixture {
    scheduler: ManualScheduler,
    pub(crate) events: Recorder,
    pub(crate) log: Log,
}

impl SchedulerFixture {
    /// Creates a scheduler on a new memory store, at second 0.
    pub(crate) fn in_memory() -> Self {
        Self::new(|builder| builder.job_store("default", MemoryJobStore::new()))
    }

    /// Creates a scheduler with these settings, at second 0.
    pub(crate) fn new(
        configure: impl FnOnce(SchedulerBuilder<AsyncScheduler>) -> SchedulerBuilder<AsyncScheduler>,
    ) -> Self {
        let (events, log) = (Recorder::default(), Log::default());
        let scheduler = ManualScheduler::start(at(0), |builder| {
            let builder =
                builder.timezone("UTC").failure_log(FailureLog::Off).app_data(log.clone());
            configure(builder.listener(EventMask::ALL, events.listener()))
        });
        Self { scheduler: scheduler.expect("a scheduler"), events, log }
    }

    /// Advances the clock to that second, and runs all jobs that become due until then.
    pub(crate) fn run_until(&self, second: i64) {
        self.scheduler.advance_to(at(second));
    }

    /// Sets the clock to that second and makes passes until none is needed, including those that settle claims some
    /// milliseconds later. Unlike `run_until`, this skips the time in between and does not wait for runs.
    pub(crate) fn jump_to(&self, second: i64) -> Option<Timestamp> {
        let next = self.claim_at(second);
        let settled_by = at(second).saturating_add(SETTLED_WITHIN);
        match next.filter(|&next| next <= settled_by) {
            Some(next) => {
                self.clock().set(next);
                self.pass()
            }
            None => next,
        }
    }

    /// The same without the passes that settle claims: runs in progress that start under a claim are not recorded.
    pub(crate) fn claim_at(&self, second: i64) -> Option<Timestamp> {
        self.clock().set(at(second));
        self.pass()
    }

    /// Advances second by second, until that second or until the executor has a run.
    pub(crate) fn run_until_held(&self, second: i64, held: &ManualExecutor) {
        let begin = self.clock().now().saturating_since(at(0)).as_secs();
        for second in i64::try_from(begin).expect("a second")..=second {
            self.jump_to(second);
            if held.len() > 0 {
                return;
            }
        }
    }

    /// Makes a pass at that second and drops it while it is blocked in the call.
    pub(crate) fn cancelled_pass(&self, second: i64, faults: &Faults, call: Call, fault: Fault) {
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
            assert!(pass.as_mut().poll(context).is_pending(), "the pass is blocked in {call:?}");
            if faults.stuck() > stuck { Poll::Ready(()) } else { Poll::Pending }
        }));
        pass
    }

    /// Makes a pass at that second; calls `meanwhile` while the pass is blocked in the call.
    pub(crate) fn blocked_pass(
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

    /// Makes passes until none is needed; returns the time of the next one.
    pub(crate) fn pass(&self) -> Option<Timestamp> {
        for _ in 0..100 {
            let now = self.clock().now();
            let next = self.block_on(self.tick(now));
            if next.is_none_or(|next| next > now) {
                self.block_on(self.flush_events(TIMEOUT));
                return next;
            }
        }
        panic!("passes don't become idle");
    }
}

impl Deref for SchedulerFixture {
    type Target = ManualScheduler;

    fn deref(&self) -> &ManualScheduler {
        &self.scheduler
    }
}
