//! The methods that manage jobs.

use punctual_core::Event;
use punctual_scheduler::{
    AsyncScheduler, JobChange, JobExport, JobQuery, JobState, OnConflict, SchedulerError,
};
use punctual_store_memory::MemoryJobStore;
use punctual_triggers::{DateTrigger, IntervalTrigger};

use super::{every_ten_seconds, listed, only_job, stopped, two_stores};
use crate::common::{ManualExecutor, SchedulerFixture, at, note};

/// A scheduler with a job that runs every ten seconds.
fn with_job() -> SchedulerFixture {
    let fixture = SchedulerFixture::in_memory();
    let job = fixture.job(note("a".into())).id("a").trigger(every_ten_seconds());
    fixture.block_on(job.add()).unwrap();
    fixture.pass();
    fixture.events.clear();
    fixture
}

fn emitted(fixture: &SchedulerFixture) -> Vec<String> {
    fixture.pass();
    fixture.events.event_lines()
}

#[test]
fn a_stopped_scheduler_finds_its_pending_jobs() {
    let scheduler = stopped();
    pollster::block_on(async {
        let job = scheduler.job(note("a".into())).id("a").trigger(every_ten_seconds());
        job.add().await.unwrap();
        let mut events = scheduler.events(punctual_core::EventMask::ALL);
        let job = scheduler.modify_job("a", JobChange::new().name("b")).await.unwrap();
        assert_eq!((job.name(), job.state), ("b", JobState::Pending));
        scheduler.reschedule_job("a", IntervalTrigger::seconds(5)).await.unwrap();
        scheduler.pause_job("a").await.unwrap();
        scheduler.resume_job("a").await.unwrap();
        assert_eq!(scheduler.get_jobs(JobQuery::new()).await.unwrap().len(), 1);
        // The store must match, also in the calls in which APScheduler ignores it.
        assert!(scheduler.get_job(("default", "a")).await.unwrap().is_some());
        let error = scheduler.pause_job(("second", "a")).await.unwrap_err();
        assert!(matches!(error, SchedulerError::JobNotFound { .. }), "{error}");
        scheduler.remove_job("a").await.unwrap();
        assert!(scheduler.get_job("a").await.unwrap().is_none());
        assert!(events.try_next().is_none(), "no event before the start");
    });
}

#[test]
fn a_job_is_looked_up_in_all_stores_or_in_the_given_one() {
    let fixture = two_stores();
    let add = |store: &str, id: &str| {
        let job = fixture.job(note(id.into())).id(id).job_store(store);
        fixture.block_on(job.trigger(every_ten_seconds()).add()).unwrap();
    };
    add("second", "a");
    assert_eq!(fixture.block_on(fixture.pause_job("a")).unwrap().job_store, "second");
    let error = fixture.block_on(fixture.pause_job(("default", "a"))).unwrap_err();
    assert!(matches!(error, SchedulerError::JobNotFound { .. }), "{error}");
    // APScheduler takes the first store that has the job.
    add("default", "a");
    let error = fixture.block_on(fixture.remove_job("a")).unwrap_err();
    assert!(matches!(error, SchedulerError::AmbiguousJob { .. }), "{error}");
    fixture.block_on(fixture.remove_job(("second", "a"))).unwrap();
    assert_eq!(fixture.block_on(fixture.get_job("a")).unwrap().unwrap().job_store, "default");
}

#[test]
fn modify_job() {
    let fixture = with_job();
    let change = JobChange::new().name("new name").max_instances(3);
    let job = fixture.block_on(fixture.modify_job("a", change)).unwrap();
    assert_eq!((job.name(), job.next_run_time), ("new name", Some(at(10))));
    assert_eq!(emitted(&fixture), ["JOB_MODIFIED a"]);
    let error = fixture.block_on(fixture.modify_job("b", JobChange::new())).unwrap_err();
    assert!(matches!(error, SchedulerError::JobNotFound { .. }), "{error}");
    let invalid = JobChange::new().max_instances(0);
    let error = fixture.block_on(fixture.modify_job("a", invalid)).unwrap_err();
    assert!(matches!(error, SchedulerError::Job(_)), "{error}");
    assert_eq!(only_job(&fixture).name(), "new name");
}

#[test]
fn reschedule_job() {
    let fixture = with_job();
    let trigger = IntervalTrigger::seconds(5).start_date(at(5));
    let job = fixture.block_on(fixture.reschedule_job("a", trigger)).unwrap();
    assert_eq!(job.next_run_time, Some(at(5)));
    assert_eq!(emitted(&fixture), ["JOB_MODIFIED a"]);
    // A trigger without a fire time is an error; APScheduler pauses the job.
    let past = IntervalTrigger::seconds(5).start_date(at(-50)).end_date(at(-5));
    let error = fixture.block_on(fixture.reschedule_job("a", past)).unwrap_err();
    assert!(matches!(error, SchedulerError::NeverFires { .. }), "{error}");
    assert_eq!(only_job(&fixture).next_run_time, Some(at(5)));
}

#[test]
fn reschedule_job_resumes_a_paused_job() {
    let fixture = with_job();
    fixture.block_on(fixture.pause_job("a")).unwrap();
    let trigger = IntervalTrigger::seconds(5).start_date(at(5));
    let job = fixture.block_on(fixture.reschedule_job("a", trigger)).unwrap();
    assert_eq!((job.state, job.next_run_time), (JobState::Scheduled, Some(at(5))));
}

#[test]
fn pause_job() {
    let fixture = with_job();
    let job = fixture.block_on(fixture.pause_job("a")).unwrap();
    assert_eq!((job.state, job.next_run_time), (JobState::Paused, None));
    assert_eq!(emitted(&fixture), ["JOB_MODIFIED a"]);
    fixture.run_until(60);
    assert_eq!(fixture.log.len(), 0);
}

#[test]
fn resume_job() {
    let fixture = with_job();
    fixture.block_on(fixture.pause_job("a")).unwrap();
    fixture.run_until(25);
    fixture.events.clear();
    let job = fixture.block_on(fixture.resume_job("a")).unwrap();
    assert_eq!((job.state, job.next_run_time), (JobState::Scheduled, Some(at(30))));
    assert_eq!(emitted(&fixture), ["JOB_MODIFIED a"]);
    let job = fixture.block_on(fixture.resume_job("a")).unwrap();
    assert_eq!(job.next_run_time, Some(at(30)), "also of a job that is not paused");
}

#[test]
fn resume_job_without_a_further_fire_time_is_an_error() {
    // APScheduler removes the job.
    let fixture = SchedulerFixture::in_memory();
    let trigger = IntervalTrigger::seconds(10).start_date(at(10)).end_date(at(20));
    let job = fixture.job(note("a".into())).id("a").trigger(trigger).paused();
    fixture.block_on(job.add()).unwrap();
    fixture.run_until(60);
    let error = fixture.block_on(fixture.resume_job("a")).unwrap_err();
    assert!(matches!(error, SchedulerError::NeverFires { .. }), "{error}");
    assert_eq!(only_job(&fixture).state, JobState::Paused);
}

#[test]
fn remove_job() {
    let fixture = with_job();
    fixture.block_on(fixture.remove_job("a")).unwrap();
    assert_eq!(emitted(&fixture), ["JOB_REMOVED a"]);
    assert_eq!(listed(&fixture, JobQuery::new()).len(), 0);
    let error = fixture.block_on(fixture.remove_job("a")).unwrap_err();
    assert!(matches!(error, SchedulerError::JobNotFound { .. }), "{error}");
}

#[test]
fn remove_job_and_pause_job_do_not_affect_submitted_runs() {
    for removes in [true, false] {
        let held = ManualExecutor::default();
        let executor = held.clone();
        let fixture = SchedulerFixture::new(|builder| {
            builder.job_store("default", MemoryJobStore::new()).executor("default", executor)
        });
        let job = fixture.job(note("a".into())).id("a").trigger(every_ten_seconds());
        fixture.block_on(job.add()).unwrap();
        fixture.jump_to(10);
        match removes {
            true => fixture.block_on(fixture.remove_job("a")).unwrap(),
            false => drop(fixture.block_on(fixture.pause_job("a")).unwrap()),
        }
        held.run_one();
        fixture.pass();
        assert_eq!(fixture.log.lines(), ["a@10"]);
        assert_eq!(fixture.events.with_prefix("JOB_EXECUTED"), ["JOB_EXECUTED a"]);
    }
}

#[test]
fn remove_all_jobs() {
    let fixture = two_stores();
    let add = |store: &str| {
        let job = fixture.job(note("a".into())).id("a").job_store(store);
        fixture.block_on(job.trigger(every_ten_seconds()).add()).unwrap();
    };
    add("default");
    add("second");
    fixture.block_on(fixture.remove_all_jobs_of("second")).unwrap();
    assert_eq!(listed(&fixture, JobQuery::new()).len(), 1);
    fixture.block_on(fixture.remove_all_jobs()).unwrap();
    fixture.block_on(fixture.remove_all_jobs()).unwrap();
    fixture.pass();
    let removed = fixture.events.all().into_iter().filter_map(|event| match event {
        Event::AllJobsRemoved(alias) => Some(alias.map(|alias| alias.to_string())),
        _ => None,
    });
    let removed: Vec<_> = removed.collect();
    assert_eq!(removed, [Some("second".to_owned()), None, None], "also if nothing was removed");
    // APScheduler ignores an unknown alias.
    let error = fixture.block_on(fixture.remove_all_jobs_of("none")).unwrap_err();
    assert!(matches!(error, SchedulerError::UnknownJobStore { .. }), "{error}");
}

#[test]
fn get_job() {
    let fixture = with_job();
    assert!(fixture.block_on(fixture.get_job("a")).unwrap().is_some());
    assert!(fixture.block_on(fixture.get_job(("default", "a"))).unwrap().is_some());
    assert!(fixture.block_on(fixture.get_job("b")).unwrap().is_none());
}

#[test]
fn get_jobs() {
    let fixture = two_stores();
    for (store, id, second) in
        [("second", "c", 5), ("default", "b", 20), ("default", "a", 30), ("default", "d", 10)]
    {
        let job = fixture.job(note("a".into())).id(id).job_store(store);
        fixture.block_on(job.trigger(DateTrigger::at(at(second))).add()).unwrap();
    }
    fixture.block_on(fixture.pause_job("b")).unwrap();
    // Store by store, each by next run time, paused jobs last.
    assert_eq!(listed(&fixture, JobQuery::new()), ["d", "a", "b", "c"]);
    assert_eq!(listed(&fixture, JobQuery::new().job_store("second")), ["c"]);
    // APScheduler returns an empty list.
    let unknown = fixture.block_on(fixture.get_jobs(JobQuery::new().job_store("none")));
    assert!(matches!(unknown.unwrap_err(), SchedulerError::UnknownJobStore { .. }));
}

async fn printed(scheduler: &AsyncScheduler, query: JobQuery) -> String {
    let mut text = Vec::new();
    scheduler.print_jobs(query, &mut text).await.unwrap();
    String::from_utf8(text).unwrap()
}

#[test]
fn print_jobs_of_a_stopped_scheduler() {
    let scheduler = stopped();
    pollster::block_on(async {
        let none = "Pending jobs:\n    No pending jobs\n";
        assert_eq!(printed(&scheduler, JobQuery::new()).await, none);
        let job = scheduler.job(note("a".into())).name("tidy").trigger(every_ten_seconds());
        job.add().await.unwrap();
        let one = "Pending jobs:\n    tidy (trigger: interval[0:00:10], pending)\n";
        assert_eq!(printed(&scheduler, JobQuery::new()).await, one);
        scheduler.remove_all_jobs().await.unwrap();
    });
}

#[test]
fn print_jobs_of_a_started_scheduler() {
    let fixture = two_stores();
    let job = fixture.job(note("a".into())).name("tidy").trigger(every_ten_seconds());
    fixture.block_on(job.add()).unwrap();
    let job = fixture.job(note("b".into())).name("wait").trigger(every_ten_seconds()).paused();
    fixture.block_on(job.add()).unwrap();
    let expected = "Jobstore default:\n    tidy (trigger: interval[0:00:10], next run at: \
        2023-11-14 22:13:30 UTC)\n    wait (trigger: interval[0:00:10], paused)\n\
        Jobstore second:\n    No scheduled jobs\n";
    assert_eq!(fixture.block_on(printed(&fixture, JobQuery::new())), expected);
    let second = JobQuery::new().job_store("second");
    let expected = "Jobstore second:\n    No scheduled jobs\n";
    assert_eq!(fixture.block_on(printed(&fixture, second)), expected);
}

#[test]
fn export_jobs_requires_a_started_scheduler() {
    let fixture = with_job();
    assert_eq!(fixture.block_on(fixture.export_jobs(JobQuery::new())).unwrap().len(), 1);
    fixture.block_on(fixture.shutdown()).unwrap();
    let error = fixture.block_on(fixture.export_jobs(JobQuery::new())).unwrap_err();
    assert!(matches!(error, SchedulerError::NotRunning), "{error}");
}

#[test]
fn import_jobs_checks_the_version_and_the_store() {
    let fixture = with_job();
    let exported = fixture.block_on(fixture.export_jobs(JobQuery::new())).unwrap();
    for (text, expected) in [
        ("[]", "the text is not an export of jobs in JSON"),
        (r#"{"version": 7}"#, "the export has version 7; this build reads versions up to 1"),
    ] {
        assert_eq!(JobExport::from_json(text).unwrap_err().to_string(), expected);
    }
    let unknown = exported.into_store("none").unwrap();
    let import = fixture.import_jobs(unknown, OnConflict::Skip);
    let error = fixture.block_on(import).unwrap_err();
    assert!(matches!(error, SchedulerError::Import(_)), "{error}");
}

#[test]
fn import_jobs_with_an_id_that_exists_imports_nothing() {
    // APScheduler imports the jobs before it.
    let fixture = with_job();
    let job = fixture.job(note("b".into())).id("b").trigger(every_ten_seconds());
    fixture.block_on(job.add()).unwrap();
    let exported = fixture.block_on(fixture.export_jobs(JobQuery::new())).unwrap();
    fixture.block_on(fixture.remove_job("a")).unwrap();
    let import = fixture.import_jobs(exported.clone(), OnConflict::Fail);
    let error = fixture.block_on(import).unwrap_err();
    assert!(matches!(error, SchedulerError::JobExists { .. }), "{error}");
    assert_eq!(listed(&fixture, JobQuery::new()), ["b"]);
    let imported = fixture.block_on(fixture.import_jobs(exported, OnConflict::Skip)).unwrap();
    assert_eq!((imported.added.len(), imported.skipped.len()), (1, 1));
    assert_eq!(listed(&fixture, JobQuery::new()), ["a", "b"]);
}
