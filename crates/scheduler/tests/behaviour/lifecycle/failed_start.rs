//! A failed start leaves no component started, and pending jobs are kept.

use std::sync::atomic::Ordering;

use punctual_core::{DebugExecutor, EventMask, JobStore, error_chain};
use punctual_executor_threads::ThreadPoolExecutor;
use punctual_scheduler::{
    AsyncScheduler, BackgroundScheduler, JobQuery, SchedulerError, SchedulerState,
};
use punctual_store_memory::MemoryJobStore;
use punctual_triggers::DateTrigger;

use crate::common::{
    Call, FailingExecutor, Fault, Faulty, Log, Recorder, TempStore, at, faulty, note,
};

/// A scheduler with a memory store, a file store with fault injection, and two executors.
struct Fixture {
    scheduler: BackgroundScheduler,
    memory: MemoryJobStore,
    store: Faulty<punctual_store_sql::SqliteJobStore>,
    executor: FailingExecutor,
    events: Recorder,
    log: Log,
    _file: TempStore,
}

fn fixture() -> Fixture {
    let file = TempStore::new();
    let store = faulty(file.store());
    let (memory, executor) = (MemoryJobStore::new(), FailingExecutor::default());
    let (events, log) = (Recorder::default(), Log::default());
    let scheduler = BackgroundScheduler::builder()
        .job_store("default", memory.clone())
        .job_store("file", store.clone())
        .executor("default", ThreadPoolExecutor::new(1))
        .executor("other", executor.clone())
        .app_data(log.clone())
        .listener(EventMask::ALL, events.listener())
        .build()
        .unwrap();
    for (id, store) in [("a", "default"), ("b", "file"), ("c", "default")] {
        scheduler.job(note(id.into())).id(id).job_store(store).add().unwrap();
    }
    Fixture { scheduler, memory, store, executor, events, log, _file: file }
}

impl Fixture {
    /// Checks that the start fails with this text without side effects, and that a second start succeeds.
    fn fails_then_works(&self, text: &str, mend: impl FnOnce()) {
        let error = self.scheduler.start().unwrap_err();
        assert_eq!(error_chain(&error).to_string(), text);
        assert_eq!(self.scheduler.state(), SchedulerState::Stopped);
        let pending = self.scheduler.get_jobs(JobQuery::new()).unwrap();
        let ids: Vec<_> = pending.iter().map(|job| job.id.as_str()).collect();
        assert_eq!(ids, ["a", "b", "c"]);
        assert_eq!(self.events.with_prefix("SCHEDULER"), [""; 0]);
        assert_eq!(self.events.with_prefix("JOB_"), [""; 0]);
        let left = pollster::block_on(self.memory.list(None, 10)).unwrap();
        assert_eq!(left.records.len(), 0, "added jobs are removed again");
        assert_eq!(self.log.len(), 0);
        assert!(matches!(self.scheduler.shutdown(), Err(SchedulerError::NotRunning)));
        mend();
        self.scheduler.start().unwrap();
        self.events.wait_count("JOB_REMOVED", 3);
        self.scheduler.shutdown().unwrap();
        assert_eq!(self.log.len(), 3);
        assert_eq!(self.events.with_prefix("JOB_ADDED").len(), 3);
        assert_eq!(
            self.events.with_prefix("SCHEDULER"),
            ["SCHEDULER_STARTED", "SCHEDULER_SHUTDOWN"]
        );
    }
}

#[test]
fn a_store_that_fails_to_start_fails_the_start() {
    let fixture = fixture();
    fixture.store.0.faults.set(Call::Start, Fault::NotApplied);
    fixture
        .fails_then_works("job store file failed: Start failed", || fixture.store.0.faults.clear());
}

#[test]
fn a_store_that_rejects_jobs_fails_the_start() {
    let fixture = fixture();
    fixture.store.0.faults.set(Call::Add, Fault::NotApplied);
    fixture
        .fails_then_works("job store file failed: Add failed", || fixture.store.0.faults.clear());
}

#[test]
fn a_lost_response_to_an_added_job_fails_the_start() {
    let fixture = fixture();
    fixture.store.0.faults.set(Call::Add, Fault::ResponseLost);
    fixture
        .fails_then_works("job store file failed: Add failed", || fixture.store.0.faults.clear());
}

#[test]
fn an_executor_that_fails_to_start_fails_the_start() {
    let fixture = fixture();
    fixture.executor.start.store(true, Ordering::SeqCst);
    fixture.fails_then_works(
        "executor other failed: the executor's workers could not be started: no threads left",
        || fixture.executor.start.store(false, Ordering::SeqCst),
    );
}

#[test]
fn a_pending_job_with_an_existing_id_fails_the_start() {
    let fixture = fixture();
    let later = DateTrigger::at(at(1_000_000_000));
    let other = BackgroundScheduler::builder()
        .job_store("default", fixture.store.0.inner.clone())
        .executor("default", ThreadPoolExecutor::new(1))
        .build()
        .unwrap();
    other.job(note("b".into())).id("b").trigger(later).add().unwrap();
    other.start().unwrap();
    other.shutdown().unwrap();
    fixture.fails_then_works(
        "job id \"b\" conflicts with an existing job in the job store \"file\"; to replace it, or to keep it if it is \
         unchanged, use replace_existing(true)",
        || {
            other.start().unwrap();
            other.remove_job("b").unwrap();
            other.shutdown().unwrap();
        },
    );
}

#[tokio::test]
async fn a_cancelled_start_completes_in_the_background() {
    let (file, events, log) = (TempStore::new(), Recorder::default(), Log::default());
    let scheduler = AsyncScheduler::builder()
        .job_store("default", file.store())
        .executor("default", ThreadPoolExecutor::new(1))
        .app_data(log.clone())
        .listener(EventMask::ALL, events.listener())
        .build()
        .unwrap();
    scheduler.job(note("job".into())).id("job").add().await.unwrap();
    let immediately = std::time::Duration::ZERO;
    tokio::time::timeout(immediately, scheduler.start()).await.unwrap_err();
    let recorder = events.clone();
    tokio::task::spawn_blocking(move || recorder.wait("JOB_REMOVED")).await.unwrap();
    scheduler.shutdown().await.unwrap();
    assert_eq!(log.len(), 1);
}

/// The clock advances only by the timeout of the test.
#[tokio::test(start_paused = true)]
async fn a_shutdown_cancels_a_hanging_start() {
    let (log, store) = (Log::default(), faulty(MemoryJobStore::new()));
    let faults = store.0.faults.clone();
    faults.once(Call::Start, Fault::Hang);
    let scheduler = AsyncScheduler::builder()
        .job_store("default", store)
        .default_executor(DebugExecutor)
        .app_data(log.clone())
        .build()
        .unwrap();
    scheduler.job(note("job".into())).id("job").add().await.unwrap();
    let start = tokio::spawn({
        let scheduler = scheduler.clone();
        async move { scheduler.start().await }
    });
    while faults.calls(Call::Start) == 0 {
        tokio::task::yield_now().await;
    }
    let stopped = scheduler.shutdown().await;
    assert!(matches!(stopped, Err(SchedulerError::NotRunning)), "{stopped:?}");
    assert_eq!(
        error_chain(&start.await.unwrap().unwrap_err()).to_string(),
        "job store default failed: the scheduler was shut down before the store had started"
    );
    assert_eq!(scheduler.state(), SchedulerState::Stopped);

    let mut events = scheduler.events(EventMask::JOB_REMOVED);
    scheduler.start().await.unwrap();
    events.next().await.unwrap();
    scheduler.shutdown().await.unwrap();
    assert_eq!(log.len(), 1);
}
