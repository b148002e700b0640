//! Counters: the fire times of a job for `max_runs`, and its runs in progress for `max_instances`.

// The macro expands to paths of the facade; here core takes its place.
extern crate punctual_core as punctual;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use punctual_core::{DebugExecutor, Recovery, Timestamp};
use punctual_macros::task;
use punctual_scheduler::{AsyncScheduler, JobChange, SchedulerError};
use punctual_store_memory::MemoryJobStore;
use punctual_store_sql::SqliteJobStore;
use punctual_testkit::{ManualClock, ManualScheduler};
use punctual_triggers::IntervalTrigger;

const NOW: Timestamp = Timestamp::from_seconds(1_700_000_000);

fn ten_seconds() -> Duration {
    Duration::from_secs(10)
}

/// Creates a scheduler with a job that runs every ten seconds, three times, and has run twice.
fn after_two_of_three() -> (ManualScheduler, Arc<AtomicU32>) {
    let scheduler = ManualScheduler::start(NOW, |builder| {
        builder.job_store("default", MemoryJobStore::new()).task(nothing).timezone("UTC")
    })
    .unwrap();
    let runs = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&runs);
    let count = move || {
        counter.fetch_add(1, Ordering::Relaxed);
    };
    let job = scheduler.job(count).id("job").trigger(IntervalTrigger::seconds(10).max_runs(3));
    scheduler.block_on(job.add()).unwrap();
    scheduler.advance(2 * ten_seconds());
    assert_eq!(runs.load(Ordering::Relaxed), 2);
    (scheduler, runs)
}

/// Returns how often the job still runs.
fn rest(scheduler: &ManualScheduler, runs: &AtomicU32) -> u32 {
    let before = runs.load(Ordering::Relaxed);
    scheduler.advance(10 * ten_seconds());
    assert!(
        scheduler.block_on(scheduler.get_job("job")).unwrap().is_none(),
        "the job is completed"
    );
    runs.load(Ordering::Relaxed) - before
}

#[task]
fn nothing() {}

#[test]
fn modifying_pausing_and_resuming_keep_the_count() {
    let (scheduler, runs) = after_two_of_three();
    scheduler.block_on(async {
        scheduler.modify_job("job", JobChange::new().name("other")).await.unwrap();
        let trigger = IntervalTrigger::seconds(5).max_runs(3);
        scheduler.modify_job("job", JobChange::new().trigger(trigger)).await.unwrap();
        scheduler.pause_job("job").await.unwrap();
        scheduler.resume_job("job").await.unwrap();
    });
    assert_eq!(rest(&scheduler, &runs), 1);
}

#[test]
fn rescheduling_resets_the_count() {
    let (scheduler, runs) = after_two_of_three();
    let trigger = IntervalTrigger::seconds(5).max_runs(3);
    scheduler.block_on(scheduler.reschedule_job("job", trigger)).unwrap();
    assert_eq!(rest(&scheduler, &runs), 3);
}

#[test]
fn replacing_resets_the_count_only_for_a_changed_job() {
    let scheduler = ManualScheduler::start(NOW, |builder| {
        builder.job_store("default", MemoryJobStore::new()).task(nothing).timezone("UTC")
    })
    .unwrap();
    let add = |seconds| {
        let trigger = IntervalTrigger::seconds(seconds).max_runs(3);
        let job = scheduler.job(nothing()).id("job").trigger(trigger).replace_existing(true);
        scheduler.block_on(job.add()).unwrap().fire_count
    };
    assert_eq!(add(10), 0);
    scheduler.advance(2 * ten_seconds());
    assert_eq!(add(10), 2, "the same definition");
    assert_eq!(add(5), 0, "a different trigger");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_concurrent_starts_of_a_run_start_one() {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::at(NOW);
    let open = async || {
        let store = SqliteJobStore::open(folder.path().join("jobs.sqlite")).unwrap();
        let builder = AsyncScheduler::builder().job_store("default", store).task(nothing);
        let builder = builder.default_executor(DebugExecutor).clock(clock.clone());
        let scheduler = builder.timezone("UTC").build().unwrap();
        scheduler.start_manual().await.unwrap();
        scheduler
    };
    let (one, other) = (open().await, open().await);
    let job = one.job(nothing()).id("job").trigger(IntervalTrigger::hours(1));
    job.recovery(Recovery::Rerun).add().await.unwrap();
    // After the first pass, both nodes have a lease.
    for _ in 0..10 {
        one.tick(NOW).await;
        other.tick(NOW).await;
        let starts = [&one, &other, &one].map(|scheduler| {
            let scheduler = scheduler.clone();
            tokio::spawn(async move { scheduler.run_job_now("job").await })
        });
        let mut started = 0;
        for start in starts {
            match start.await.unwrap() {
                Ok(_) => started += 1,
                Err(SchedulerError::MaxInstances { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(started, 1, "a run counts until its completion is committed");
    }
}
