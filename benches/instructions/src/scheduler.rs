//! A scheduler in one thread, with the default store and executor, and a clock that is set by the program.

use std::ops::Deref;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use punctual::{
    AsyncScheduler, IntoTrigger, MemoryJobStore, NewJob, Timestamp, TokioExecutor, task,
};
use punctual_testkit::ManualClock;
use tokio::runtime::{Builder, Runtime};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// The time at the start, in 2026.
pub(crate) const START: Timestamp = Timestamp::from_seconds(1_767_225_600);

static RUNS: AtomicU64 = AtomicU64::new(0);

/// The task of all jobs.
#[task]
pub(crate) async fn rest() {
    RUNS.fetch_add(1, Ordering::Relaxed);
}

pub(crate) struct Scheduler {
    scheduler: AsyncScheduler,
    store: MemoryJobStore,
    clock: ManualClock,
    runtime: Runtime,
}

impl Scheduler {
    pub(crate) fn start() -> Result<Self, Box<dyn std::error::Error>> {
        let (store, clock) = (MemoryJobStore::new(), ManualClock::at(START));
        let runtime = Builder::new_current_thread().build()?;
        let scheduler = AsyncScheduler::builder()
            .job_store("default", store.clone())
            .default_executor(TokioExecutor::with_handle(runtime.handle().clone()))
            .clock(clock.clone())
            .timezone("UTC")
            .build()?;
        runtime.block_on(scheduler.start_manual())?;
        Ok(Self { scheduler, store, clock, runtime })
    }

    pub(crate) fn block_on<F: Future>(&self, work: F) -> F::Output {
        self.runtime.block_on(work)
    }

    pub(crate) fn store(&self) -> &MemoryJobStore {
        &self.store
    }

    /// Advances the time, and waits for the runs that are due then.
    pub(crate) fn advance(&self, by: Duration) {
        let now = self.clock.advance(by);
        self.block_on(async {
            while self.tick(now).await.is_some_and(|next| next <= now)
                || self.active_run_count() > 0
            {
                if self.active_run_count() > 0 {
                    self.wait_for_wakeup().await;
                }
            }
        });
    }

    /// The number of runs of this process.
    pub(crate) fn runs(&self) -> u64 {
        RUNS.load(Ordering::Relaxed)
    }
}

impl Deref for Scheduler {
    type Target = AsyncScheduler;

    fn deref(&self) -> &AsyncScheduler {
        &self.scheduler
    }
}

/// Returns an id of ten bytes.
pub(crate) fn id(index: u64) -> String {
    format!("job-{index:06}")
}

pub(crate) fn job<T>(index: u64, trigger: &T) -> NewJob
where
    T: IntoTrigger + Clone + Send + 'static,
{
    NewJob::builder(rest()).id(id(index)).trigger(trigger.clone()).build()
}
