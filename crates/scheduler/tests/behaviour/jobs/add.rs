//! Adding jobs, individually and in batches.

use std::sync::Arc;
use std::thread::{self, ThreadId};
use std::time::Duration;

use parking_lot::Mutex;
use punctual_core::{
    AddOutcome, BatchLimit, Coalesce, DynJobStore, JobId, JobOptions, JobStore, NewRecord,
    Recovery, StoreCaps, StoreError,
};
use punctual_scheduler::{BackgroundScheduler, JobQuery, JobState, NewJob, SchedulerError};
use punctual_store_memory::MemoryJobStore;
use punctual_testkit::{Layered, StoreLayer};
use punctual_triggers::{DateTrigger, IntervalTrigger};
use tokio::sync::Barrier;
use tokio::task::yield_now;
use tokio::time::timeout;

use crate::common::{SchedulerFixture, TIMEOUT, TempStore, at, note};

#[test]
fn unset_options_use_defaults() {
    let defaults = JobOptions::new()
        .misfire_grace_time(Duration::from_secs(7))
        .coalesce(Coalesce::All)
        .max_instances(3)
        .recovery(Recovery::Rerun);
    let fixture = SchedulerFixture::new(|builder| {
        builder.job_store("default", MemoryJobStore::new()).job_defaults(defaults.clone())
    });
    let plain = fixture.job(note("a".into())).trigger(DateTrigger::at(at(10)));
    let job = fixture.block_on(plain.add()).unwrap();
    assert_eq!(job.id.as_str().len(), 32, "a random id");
    let definition = job.definition.clone().unwrap();
    assert_eq!(definition.options, defaults);
    assert_eq!((definition.name.as_str(), definition.executor.as_str()), ("note", "default"));
    assert_eq!(job.job_store.as_str(), "default");
    assert_eq!((job.state, job.next_run_time), (JobState::Scheduled, Some(at(10))));
    let own = fixture
        .job(note("b".into()))
        .name("mine")
        .misfire_grace_time(None)
        .coalesce(Coalesce::Earliest)
        .max_instances(1)
        .recovery(Recovery::Skip)
        .trigger(DateTrigger::at(at(10)));
    let definition = fixture.block_on(own.add()).unwrap().into_job().definition.unwrap();
    assert_eq!(definition.name, "mine");
    let options = &definition.options;
    assert_eq!((options.misfire_grace_time, options.coalesce), (None, Coalesce::Earliest));
    assert_eq!((options.max_instances, options.recovery), (1, Recovery::Skip));
    fixture.pass();
    assert_eq!(fixture.events.with_prefix("JOB_ADDED").len(), 2);
}

#[test]
fn a_job_without_a_trigger_runs_immediately() {
    let fixture = SchedulerFixture::in_memory();
    fixture.clock().set(at(5));
    fixture.block_on(fixture.job(note("job".into())).add()).unwrap();
    fixture.pass();
    assert_eq!(fixture.log.lines(), ["job@5"]);
}

#[test]
fn the_first_run_time_can_be_set() {
    let fixture = SchedulerFixture::in_memory();
    let every_ten = || IntervalTrigger::seconds(10).start_date(at(10));
    let early = fixture.job(note("early".into())).trigger(every_ten()).next_run_time(at(3));
    assert_eq!(fixture.block_on(early.add()).unwrap().next_run_time, Some(at(3)));
    let past = fixture.job(note("past".into())).trigger(every_ten()).next_run_time(at(-100));
    fixture.block_on(past.add()).unwrap();
    fixture.run_until(12);
    assert_eq!(fixture.log.lines(), ["past@-100", "early@3", "early@10", "past@10"]);
}

#[test]
fn a_job_added_paused_waits_to_be_resumed() {
    let fixture = SchedulerFixture::in_memory();
    let job = fixture.job(note("job".into())).id("job").paused();
    let job = fixture.block_on(job.trigger(IntervalTrigger::seconds(10)).add()).unwrap();
    assert_eq!((job.state, job.next_run_time), (JobState::Paused, None));
    fixture.run_until(100);
    assert_eq!(fixture.log.len(), 0);
    let job = fixture.block_on(fixture.resume_job("job")).unwrap();
    assert_eq!((job.state, job.next_run_time), (JobState::Scheduled, Some(at(100))));
}

#[test]
fn ids_are_unique_within_a_store() {
    let fixture = SchedulerFixture::new(|builder| {
        builder.job_store("a", MemoryJobStore::new()).job_store("b", MemoryJobStore::new())
    });
    let add = |store: &str| {
        let job = fixture.job(note(store.into())).id("job").job_store(store);
        fixture.block_on(job.trigger(DateTrigger::at(at(10))).add())
    };
    add("a").unwrap();
    add("b").unwrap();
    let error = add("a").unwrap_err();
    assert!(
        matches!(&error, SchedulerError::JobExists { job_store, .. } if job_store.as_str() == "a")
    );
    let text = error.to_string();
    let start =
        r#"job id "job" conflicts with an existing job in the job store "a"; to replace it"#;
    assert!(text.starts_with(start), "{text}");
    fixture.run_until(10);
    assert_eq!(fixture.log.lines(), ["a@10", "b@10"]);
}

#[test]
fn many_jobs_are_added_in_one_call() {
    let file = TempStore::new();
    let fixture = SchedulerFixture::new(|builder| {
        builder.job_store("default", MemoryJobStore::new()).job_store("file", file.store())
    });
    let jobs = |ids: std::ops::Range<i32>, store: &'static str| {
        ids.map(move |id| {
            let job = NewJob::builder(note(format!("{store}{id}"))).id(format!("{id}"));
            job.job_store(store).trigger(DateTrigger::at(at(10))).build()
        })
    };
    let both: Vec<_> = jobs(0..50, "default")
        .zip(jobs(0..50, "file"))
        .flat_map(|(default, file)| [default, file])
        .collect();
    let ids = fixture.block_on(fixture.add_jobs(both)).unwrap();
    let expected: Vec<_> = (0..100).map(|index| (index / 2).to_string()).collect();
    assert_eq!(ids.iter().map(JobId::as_str).collect::<Vec<_>>(), expected, "in the given order");
    assert_eq!(fixture.block_on(fixture.get_jobs(JobQuery::new())).unwrap().len(), 100);
    let again = fixture.block_on(fixture.add_jobs(jobs(45..55, "file"))).unwrap_err();
    assert!(matches!(again, SchedulerError::JobExists { id, .. } if id.as_str() == "45"));
    assert_eq!(
        fixture.block_on(fixture.get_jobs(JobQuery::new().job_store("file"))).unwrap().len(),
        55,
        "the new jobs"
    );
    fixture.pass();
    assert_eq!(fixture.events.with_prefix("JOB_ADDED").len(), 105, "all additions are reported");
    let broken = [NewJob::builder(note("x".into())).id("x").max_instances(0).build()];
    let mixed: Vec<_> = jobs(200..210, "default").chain(broken).collect();
    fixture.block_on(fixture.add_jobs(mixed)).unwrap_err();
    assert!(fixture.block_on(fixture.get_job("200")).unwrap().is_none(), "no job is added");
    assert!(fixture.block_on(fixture.add_jobs([])).unwrap().is_empty());
    fixture.run_until(10);
    assert!(fixture.log.len() >= 100);
}

#[test]
fn closures_run_from_memory_and_are_rejected_by_files() {
    let file = TempStore::new();
    let fixture = SchedulerFixture::new(|builder| {
        builder.job_store("default", MemoryJobStore::new()).job_store("file", file.store())
    });
    let log = Arc::new(fixture.log.clone());
    let [a, b, c, d] = std::array::from_fn(|_| Arc::clone(&log));
    fixture.block_on(async {
        fixture.job(move || a.push("plain")).add().await.unwrap();
        fixture
            .job(move |context: punctual_core::JobContext| b.push(context.job_id().to_string()))
            .id("context")
            .add()
            .await
            .unwrap();
        fixture
            .job(move || {
                let log = Arc::clone(&c);
                async move { log.push("async") }
            })
            .add()
            .await
            .unwrap();
        fixture
            .job(move |_: punctual_core::JobContext| {
                let log = Arc::clone(&d);
                async move { log.push("async context") }
            })
            .add()
            .await
            .unwrap();
        let error = fixture.job(|| ()).id("job").job_store("file").add().await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "job \"job\" is a closure, which can't be stored in the persistent job store \"file\"; \
             use a #[task]"
        );
    });
    fixture.pass();
    let mut lines = fixture.log.lines();
    lines.sort();
    assert_eq!(lines, ["async", "async context", "context", "plain"]);
}

#[test]
fn only_a_job_that_is_due_before_the_next_pass_wakes_the_driver() {
    let fixture = SchedulerFixture::in_memory();
    let is_woken = || {
        let woken = async { timeout(Duration::ZERO, fixture.wait_for_wakeup()).await };
        fixture.block_on(woken).is_ok()
    };
    let add = |id: &str, second| {
        let job = fixture.job(note(id.into())).id(id).trigger(DateTrigger::at(at(second)));
        fixture.block_on(job.add()).unwrap();
    };
    add("first", 100);
    assert!(is_woken(), "there was no next pass");
    add("before the pass", 200);
    assert!(is_woken(), "the pass has not been made yet");
    assert_eq!(fixture.pass(), Some(at(100)));

    add("later", 101);
    fixture.block_on(fixture.job(note("paused".into())).paused().add()).unwrap();
    let jobs = [110, 105].map(|second| {
        NewJob::builder(note("many".into())).trigger(DateTrigger::at(at(second))).build()
    });
    fixture.block_on(fixture.add_jobs(jobs)).unwrap();
    assert!(!is_woken());
    add("earlier", 99);
    assert!(is_woken());
    fixture.run_until(200);
    let runs = ["earlier@99", "first@100", "later@101", "many@105", "many@110"];
    assert_eq!(fixture.log.lines()[..5], runs);
}

/// Its calls record the thread on which they are made.
struct Threads(MemoryJobStore, Arc<Mutex<Vec<ThreadId>>>);

impl StoreLayer for Threads {
    fn inner(&self) -> &dyn DynJobStore {
        &self.0
    }

    async fn add(&self, records: Vec<NewRecord>) -> Result<Vec<AddOutcome>, StoreError> {
        self.1.lock().push(thread::current().id());
        JobStore::add(&self.0, records).await
    }
}

#[test]
fn a_blocking_call_that_does_not_wait_stays_on_its_thread() {
    let threads = Arc::default();
    let store = Layered(Threads(MemoryJobStore::new(), Arc::clone(&threads)));
    let scheduler = BackgroundScheduler::builder().job_store("default", store).timezone("UTC");
    let scheduler = scheduler.build().unwrap();
    scheduler.start().unwrap();
    scheduler.job(|| {}).trigger(DateTrigger::at("2999-01-01")).add().unwrap();
    scheduler.shutdown().unwrap();
    assert_eq!(*threads.lock(), [thread::current().id()]);
}

/// Accepts two jobs at once, and adds the ones of each call when a second call is in progress, if `meet` is set, or after
/// that of the next call, if it is under way by then.
struct SmallBatches {
    store: MemoryJobStore,
    meet: Option<Barrier>,
}

impl StoreLayer for SmallBatches {
    fn inner(&self) -> &dyn DynJobStore {
        &self.store
    }

    fn caps(&self) -> StoreCaps {
        JobStore::caps(&self.store).with_max_batch(BatchLimit { count: 2, bytes: usize::MAX })
    }

    async fn add(&self, records: Vec<NewRecord>) -> Result<Vec<AddOutcome>, StoreError> {
        match &self.meet {
            Some(barrier) => {
                barrier.wait().await;
            }
            None if records.iter().any(|new| new.id.as_str() == "first") => yield_now().await,
            None => {}
        }
        JobStore::add(&self.store, records).await
    }
}

fn in_small_batches(meet: Option<Barrier>, ids: &[&str]) -> SchedulerFixture {
    let store = Layered(SmallBatches { store: MemoryJobStore::new(), meet });
    let fixture = SchedulerFixture::new(|builder| builder.job_store("default", store));
    let jobs = ids.iter().enumerate().map(|(number, id)| {
        let job = NewJob::builder(note(number.to_string())).id(*id).replace_existing(true);
        job.trigger(DateTrigger::at(at(10))).build()
    });
    let added = fixture.block_on(async {
        timeout(TIMEOUT, fixture.add_jobs(jobs)).await.expect("all batches are added")
    });
    assert_eq!(added.unwrap().iter().map(JobId::as_str).collect::<Vec<_>>(), ids);
    fixture.run_until(10);
    fixture
}

#[test]
fn the_next_batch_is_sent_while_one_is_added() {
    let fixture = in_small_batches(Some(Barrier::new(2)), &["a", "b", "c", "d", "e", "f", "g"]);
    let mut lines = fixture.log.lines();
    lines.sort();
    assert_eq!(lines.len(), 7, "{lines:?}");
}

#[test]
fn of_jobs_with_the_same_id_in_different_batches_the_last_one_is_kept() {
    let fixture = in_small_batches(None, &["first", "b", "c", "first"]);
    let mut lines = fixture.log.lines();
    lines.sort();
    assert_eq!(lines, ["1@10", "2@10", "3@10"]);
}
