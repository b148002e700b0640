//! Finding, listing and displaying jobs.

use std::sync::Arc;

use parking_lot::Mutex;
use punctual_core::{DynJobStore, JobCursor, JobId, JobRecordPage, StoreError};
use punctual_scheduler::{JobQuery, JobState, SchedulerError};
use punctual_store_memory::MemoryJobStore;
use punctual_testkit::{Layered, StoreLayer};
use punctual_triggers::{CronTrigger, DateTrigger, IntervalTrigger};

use crate::common::{SchedulerFixture, TempStore, at, fail, note};

fn fixture(file: &TempStore) -> SchedulerFixture {
    let fixture = SchedulerFixture::new(|builder| {
        builder.job_store("memory", MemoryJobStore::new()).job_store("file", file.store())
    });
    for (id, store, second) in [
        ("late", "file", 30),
        ("soon", "file", 10),
        ("b", "file", 20),
        ("a", "file", 20),
        ("b", "memory", 40),
    ] {
        let job = fixture.job(note(id.into())).id(id).job_store(store).name(format!("{store}'s"));
        fixture.block_on(job.trigger(DateTrigger::at(at(second))).add()).unwrap();
    }
    fixture
}

fn ids(fixture: &SchedulerFixture, store: Option<&str>) -> Vec<String> {
    let query = store.map_or_else(JobQuery::new, |store| JobQuery::new().job_store(store));
    let jobs = fixture.block_on(fixture.get_jobs(query)).unwrap();
    jobs.iter().map(|job| format!("{}/{}", job.job_store, job.id)).collect()
}

#[test]
fn jobs_are_listed_by_store_and_next_run_time() {
    let file = TempStore::new();
    let fixture = fixture(&file);
    fixture.block_on(fixture.pause_job("soon")).unwrap();
    assert_eq!(ids(&fixture, Some("file")), ["file/a", "file/b", "file/late", "file/soon"]);
    assert_eq!(ids(&fixture, Some("memory")), ["memory/b"]);
    let all = ["memory/b", "file/a", "file/b", "file/late", "file/soon"];
    assert_eq!(ids(&fixture, None), all);
    assert_eq!(ids(&fixture, Some("default")), [""; 0], "the default store is empty");
    let error =
        fixture.block_on(fixture.get_jobs(JobQuery::new().job_store("nowhere"))).unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"this scheduler has no job store with the alias "nowhere"; known aliases: memory, file, default"#
    );
    assert!(matches!(error, SchedulerError::UnknownJobStore { .. }));
}

/// A store that records the limits of `list` calls.
#[derive(Clone, Default)]
struct CountingStore(MemoryJobStore, Arc<Mutex<Vec<usize>>>);

impl StoreLayer for CountingStore {
    fn inner(&self) -> &dyn DynJobStore {
        &self.0
    }

    async fn list(
        &self,
        after: Option<&JobCursor>,
        limit: usize,
    ) -> Result<JobRecordPage, StoreError> {
        self.1.lock().push(limit);
        self.inner().list(after, limit).await
    }
}

#[test]
fn jobs_are_listed_according_to_the_query() {
    let store = CountingStore::default();
    let limits = Arc::clone(&store.1);
    let fixture =
        SchedulerFixture::new(|builder| builder.job_store("default", Layered(store)).task(fail));
    for (id, second) in [("a", 20), ("b", 10), ("c", 30)] {
        let job = fixture.job(note(id.into())).id(id).trigger(DateTrigger::at(at(second)));
        fixture.block_on(job.add()).unwrap();
    }
    fixture
        .block_on(fixture.job(fail("no".into())).id("d").trigger(DateTrigger::at(at(40))).add())
        .unwrap();
    fixture.block_on(fixture.pause_job("a")).unwrap();
    let listed = |query| {
        let jobs = fixture.block_on(fixture.get_jobs(query)).unwrap();
        jobs.iter().map(|job| job.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(listed(JobQuery::default()), ["b", "c", "d", "a"]);
    assert_eq!(listed(JobQuery::new().task("note")), ["b", "c", "a"]);
    assert_eq!(listed(JobQuery::new().state(JobState::Paused)), ["a"]);
    assert_eq!(listed(JobQuery::new().task("note").state(JobState::Scheduled).limit(1)), ["b"]);
    limits.lock().clear();
    assert_eq!(listed(JobQuery::new().limit(2)), ["b", "c"]);
    assert_eq!(listed(JobQuery::new().limit(0)), [""; 0]);
    assert_eq!(*limits.lock(), [2], "the limit is passed to the store");
    fixture.block_on(fixture.get_jobs(JobQuery::new().task(""))).unwrap_err();

    fixture.block_on(fixture.shutdown()).unwrap();
    for id in ["x", "y"] {
        fixture.block_on(fixture.job(note(id.into())).id(id).add()).unwrap();
    }
    assert_eq!(listed(JobQuery::new().state(JobState::Pending).limit(1)), ["x"]);
    let pending_failures = JobQuery::new().task("fail").state(JobState::Pending);
    assert_eq!(listed(pending_failures), [""; 0]);
}

#[test]
fn a_job_is_found_in_its_store_or_in_the_named_one() {
    let file = TempStore::new();
    let fixture = fixture(&file);
    let name =
        |job: Option<punctual_scheduler::AsyncJobHandle>| job.map(|job| job.name().to_owned());
    let error = fixture.block_on(fixture.get_job("b")).unwrap_err();
    assert!(matches!(error, SchedulerError::AmbiguousJob { .. }), "{error}");
    let found = fixture.block_on(fixture.get_job(("file", "b"))).unwrap().unwrap();
    assert_eq!(found.name(), "file's");
    assert_eq!(name(fixture.block_on(fixture.get_job(&found)).unwrap()), Some("file's".into()));
    let id = JobId::new("late").unwrap();
    assert_eq!(name(fixture.block_on(fixture.get_job(&id)).unwrap()), Some("file's".into()));
    assert_eq!(name(fixture.block_on(fixture.get_job(("memory", "late"))).unwrap()), None);
    assert_eq!(name(fixture.block_on(fixture.get_job("unknown")).unwrap()), None);
    fixture.block_on(fixture.get_job(("nowhere", "b"))).unwrap_err();
    fixture.block_on(fixture.get_job("")).unwrap_err();
    fixture.block_on(fixture.remove_job(&found)).unwrap();
    assert_eq!(name(fixture.block_on(fixture.get_job("b")).unwrap()), Some("memory's".into()));
}

#[test]
fn jobs_are_displayed_as_in_apscheduler() {
    let fixture = SchedulerFixture::new(|builder| {
        builder.job_store("default", MemoryJobStore::new()).timezone("Europe/Helsinki")
    });
    let job = fixture.job(note("x".into())).name("Naïve ☂").trigger(IntervalTrigger::minutes(1));
    let job = fixture.block_on(job.id("job").add()).unwrap();
    assert_eq!(
        job.to_string(),
        "Naïve ☂ (trigger: interval[0:01:00], next run at: 2023-11-15 00:14:20 EET)"
    );
    assert_eq!(job.next_run_local().unwrap().to_string(), "2023-11-15 00:14:20 EET");
    let job = fixture.block_on(fixture.pause_job("job")).unwrap();
    assert_eq!(job.to_string(), "Naïve ☂ (trigger: interval[0:01:00], paused)");
    fixture.block_on(fixture.shutdown()).unwrap();
    let pending = fixture.job(note("y".into())).trigger(CronTrigger::builder().hour(5));
    let pending = fixture.block_on(pending.add()).unwrap();
    assert_eq!(pending.state, JobState::Pending);
    assert_eq!(pending.to_string(), "note (trigger: cron[hour='5'], pending)");
}
