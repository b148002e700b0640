//! A scheduler whose time is advanced manually.

use std::future::Future;
use std::time::Duration;

use punctual_core::{Clock, DebugExecutor, Timestamp};
use punctual_scheduler::{AsyncScheduler, SchedulerBuilder, SchedulerError};
use tokio::runtime::{Builder, Runtime};

use crate::ManualClock;

/// Timeout in real time for runs and store calls at one instant of the manual clock.
const WAIT_TIMEOUT: Duration = Duration::from_secs(120);

/// A scheduler on a [`ManualClock`]. [`advance`](Self::advance) sets the clock from one wake-up to the next, so that
/// a year of schedules runs within seconds.
///
/// By default, jobs run synchronously in the [`DebugExecutor`]. With another executor, the runs of an instant must
/// finish before the clock is advanced further.
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
    /// Creates and starts a scheduler at the instant `now`.
    ///
    /// # Errors
    ///
    /// The errors of the builder's `build` and of the scheduler's `start`.
    ///
    /// # Panics
    ///
    /// If no tokio runtime can be created.
    pub fn start(
        now: Timestamp,
        configure: impl FnOnce(SchedulerBuilder<AsyncScheduler>) -> SchedulerBuilder<AsyncScheduler>,
    ) -> Result<Self, SchedulerError> {
        let clock = ManualClock::at(now);
        let runtime = Builder::new_current_thread().enable_all().build().expect("a tokio runtime");
        let builder =
            AsyncScheduler::builder().clock(clock.clone()).default_executor(DebugExecutor);
        let scheduler = configure(builder).build()?;
        runtime.block_on(scheduler.start_manual())?;
        Ok(Self { scheduler, clock, runtime })
    }

    /// The clock. Setting it runs no jobs; the next `advance` runs those that have become due.
    #[must_use]
    pub fn clock(&self) -> &ManualClock {
        &self.clock
    }

    /// Runs a future to completion, for instance one of the scheduler's methods.
    pub fn block_on<F: Future>(&self, work: F) -> F::Output {
        self.runtime.block_on(work)
    }

    /// Advances the time by `by` and runs all jobs that become due meanwhile, each at its scheduled time.
    ///
    /// # Panics
    ///
    /// If runs don't finish within two minutes of real time, or if one of several stores does not respond within them.
    pub fn advance(&self, by: Duration) {
        self.advance_to(self.clock.now().saturating_add(by));
    }

    /// Advances the time to `until`; see [`advance`](Self::advance).
    ///
    /// # Panics
    ///
    /// If runs don't finish within two minutes of real time, or if one of several stores does not respond within them.
    pub fn advance_to(&self, until: Timestamp) {
        self.runtime.block_on(async {
            loop {
                let now = self.clock.now();
                let next = self.scheduler.tick(now).await;
                // With several stores, a slow store is processed in the background: wait until it has responded.
                if self.has_busy_store() {
                    let responded = async {
                        while self.has_busy_store() {
                            self.scheduler.wait_for_wakeup().await;
                        }
                    };
                    let responded = tokio::time::timeout(WAIT_TIMEOUT, responded).await;
                    assert!(
                        responded.is_ok(),
                        "a store did not respond: {:?}",
                        self.scheduler.health()
                    );
                    continue;
                }
                if next.is_some_and(|next| next <= now) {
                    continue;
                }
                if self.scheduler.active_run_count() > 0 {
                    let finished =
                        tokio::time::timeout(WAIT_TIMEOUT, self.scheduler.wait_for_wakeup()).await;
                    assert!(
                        finished.is_ok(),
                        "runs did not finish: {:?}",
                        self.scheduler.active_runs()
                    );
                    continue;
                }
                match next {
                    Some(next) if next <= until => self.clock.set(next),
                    _ if now >= until => break,
                    _ => self.clock.set(until),
                }
            }
        });
        self.runtime.block_on(self.scheduler.flush_events(WAIT_TIMEOUT));
    }

    fn has_busy_store(&self) -> bool {
        self.scheduler.health().job_stores.iter().any(|store| store.busy_since.is_some())
    }
}

impl std::ops::Deref for ManualScheduler {
    type Target = AsyncScheduler;

    fn deref(&self) -> &AsyncScheduler {
        &self.scheduler
    }
}
