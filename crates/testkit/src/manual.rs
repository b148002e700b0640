//! A scheduler whose time is moved by hand.

use std::future::Future;
use std::time::Duration;

use punctual_core::{Clock, DebugExecutor, Timestamp};
use punctual_scheduler::{AsyncScheduler, SchedulerBuilder, SchedulerError};
use tokio::runtime::{Builder, Runtime};

use crate::ManualClock;

/// How long, in real time, runs and stores may take while the clock stands still.
const PATIENCE: Duration = Duration::from_secs(120);

/// A scheduler on a [`ManualClock`]: [`advance`](Self::advance) jumps from wake-up to wake-up, so that a
/// year of schedules runs in moments.
///
/// Unless told otherwise it runs jobs on the spot, with the [`DebugExecutor`]. With another executor it
/// waits for the runs of an instant to end before it moves on.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU32, Ordering};
/// use std::time::Duration;
/// use punctual_core::Timestamp;
/// use punctual_store_memory::MemoryJobStore;
/// use punctual_testkit::ManualScheduler;
/// use punctual_triggers::IntervalTrigger;
///
/// let scheduler = ManualScheduler::start(Timestamp::from_seconds(0), |builder| {
///     builder.job_store("default", MemoryJobStore::new()).timezone("UTC")
/// })?;
/// let runs = Arc::new(AtomicU32::new(0));
/// let counter = Arc::clone(&runs);
/// scheduler.block_on(
///     scheduler
///         .job(move || { counter.fetch_add(1, Ordering::Relaxed); })
///         .trigger(IntervalTrigger::minutes(5))
///         .add(),
/// )?;
/// scheduler.advance(Duration::from_secs(3600));
/// assert_eq!(runs.load(Ordering::Relaxed), 12);
/// # Ok::<(), punctual_scheduler::SchedulerError>(())
/// ```
#[derive(Debug)]
pub struct ManualScheduler {
    scheduler: AsyncScheduler,
    clock: ManualClock,
    runtime: Runtime,
}

impl ManualScheduler {
    /// Makes and starts a scheduler at the instant `now`.
    ///
    /// # Errors
    ///
    /// As the builder's `build`, and as the scheduler's `start`.
    ///
    /// # Panics
    ///
    /// When a runtime can't be made.
    pub fn start(
        now: Timestamp,
        configure: impl FnOnce(SchedulerBuilder<AsyncScheduler>) -> SchedulerBuilder<AsyncScheduler>,
    ) -> Result<Self, SchedulerError> {
        let clock = ManualClock::at(now);
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let builder =
            AsyncScheduler::builder().clock(clock.clone()).default_executor(DebugExecutor);
        let scheduler = configure(builder).build()?;
        runtime.block_on(scheduler.start_manual())?;
        Ok(Self { scheduler, clock, runtime })
    }

    /// The clock. Moving it runs nothing; the next `advance` finds what has become due.
    #[must_use]
    pub fn clock(&self) -> &ManualClock {
        &self.clock
    }

    /// Runs a future of the scheduler's methods to its end.
    pub fn block_on<F: Future>(&self, work: F) -> F::Output {
        self.runtime.block_on(work)
    }

    /// Moves the time forward by `by`, and runs all that becomes due on the way, each at its time.
    ///
    /// # Panics
    ///
    /// When runs don't end within two minutes of real time, or one of several stores does not answer.
    pub fn advance(&self, by: Duration) {
        self.advance_to(self.clock.now().saturating_add(by));
    }

    /// Moves the time forward to `until`; see [`advance`](Self::advance).
    ///
    /// # Panics
    ///
    /// When runs don't end within two minutes of real time, or one of several stores does not answer.
    pub fn advance_to(&self, until: Timestamp) {
        self.runtime.block_on(async {
            loop {
                let now = self.clock.now();
                let next = self.scheduler.tick(now).await;
                // On a busy machine a pass over one of several stores may take so long that it goes on by itself.
                if self.waits_for_a_store() {
                    let answered = async {
                        while self.waits_for_a_store() {
                            self.scheduler.woken().await;
                        }
                    };
                    let answered = tokio::time::timeout(PATIENCE, answered).await;
                    assert!(answered.is_ok(), "no answer: {:?}", self.scheduler.health());
                    continue;
                }
                if next.is_some_and(|next| next <= now) {
                    continue;
                }
                if self.scheduler.running_count() > 0 {
                    let ended = tokio::time::timeout(PATIENCE, self.scheduler.woken()).await;
                    assert!(ended.is_ok(), "runs did not end: {:?}", self.scheduler.running());
                    continue;
                }
                match next {
                    Some(next) if next <= until => self.clock.set(next),
                    _ if now >= until => break,
                    _ => self.clock.set(until),
                }
            }
        });
        self.runtime.block_on(self.scheduler.flush_events(PATIENCE));
    }

    fn waits_for_a_store(&self) -> bool {
        self.scheduler.health().job_stores.iter().any(|store| store.busy_since.is_some())
    }
}

impl std::ops::Deref for ManualScheduler {
    type Target = AsyncScheduler;

    fn deref(&self) -> &AsyncScheduler {
        &self.scheduler
    }
}
