//! Pausing, resuming and removing the jobs that match a query.

use std::sync::Arc;
use std::thread;

use punctual_core::JobRef;
use punctual_scheduler::{
    BackgroundScheduler, BulkChange, JobChange, JobQuery, JobState, SchedulerError,
};
use punctual_store_memory::MemoryJobStore;
use punctual_triggers::{DateTrigger, IntervalTrigger};

use crate::common::{Call, Fault, SchedulerFixture, TIMEOUT, TempStore, at, faulty, note};

fn ids(jobs: &[JobRef]) -> Vec<String> {
    jobs.iter().map(|job| format!("{}/{}", job.job_store, job.job_id)).collect()
}

fn complete(change: &BulkChange) -> Vec<String> {
    assert!(change.interrupted.is_none() && change.failed.is_empty(), "{change:?}");
    ids(&change.changed)
}

#[test]
fn matching_jobs_are_paused_resumed_and_removed() {
    let file = TempStore::new();
    let fixture = SchedulerFixture::new(|builder| {
        builder.job_store("default", MemoryJobStore::new()).job_store("file", file.store())
    });
    for (id, store, tag) in [
        ("a", "default", "x"),
        ("b", "default", "y"),
        ("c", "file", "x"),
        ("d", "file", "y"),
        ("ended", "file", "x"),
    ] {
        let job = fixture.job(note("a".into())).id(id).job_store(store).tag(tag);
        let job = match id {
            "ended" => job.trigger(IntervalTrigger::seconds(9).start_date(at(50)).end_date(at(60))),
            _ => job.trigger(DateTrigger::at(at(200))),
        };
        fixture.block_on(job.add()).unwrap();
    }
    let tagged = || JobQuery::new().tag("x");
    let pause = |query| complete(&fixture.block_on(fixture.pause_jobs(query)).unwrap());
    assert_eq!(pause(tagged().limit(1)), ["default/a"]);
    assert_eq!(pause(tagged()), ["file/ended", "file/c"]);
    assert_eq!(pause(tagged()), [""; 0], "they are paused already");
    fixture.clock().set(at(100));
    let resumed = fixture.block_on(fixture.resume_jobs(JobQuery::new())).unwrap();
    assert_eq!(ids(&resumed.changed), ["default/a", "file/c"]);
    assert!(resumed.interrupted.is_none());
    let [(job, error)] = &*resumed.failed else { panic!("{resumed:?}") };
    assert_eq!(job.job_id.as_str(), "ended");
    assert!(matches!(error, SchedulerError::NeverFires { .. }), "{error}");
    let remove = |query| complete(&fixture.block_on(fixture.remove_jobs(query)).unwrap());
    assert_eq!(remove(tagged().state(JobState::Paused)), ["file/ended"]);
    assert_eq!(remove(tagged()), ["default/a", "file/c"]);
    assert_eq!(remove(JobQuery::new()), ["default/b", "file/d"]);
    fixture.block_on(fixture.flush_events(TIMEOUT));
    assert_eq!(fixture.events.with_prefix("JOB_MODIFIED").len(), 5);
    assert_eq!(fixture.events.with_prefix("JOB_REMOVED").len(), 5);
    let unknown = fixture.block_on(fixture.pause_jobs(JobQuery::new().job_store("no")));
    assert!(matches!(unknown.unwrap_err(), SchedulerError::UnknownJobStore { .. }));
}

#[test]
fn pending_jobs_are_changed_too() {
    let scheduler = BackgroundScheduler::builder().timezone("UTC").build().unwrap();
    for id in ["a", "b"] {
        scheduler.job(|| ()).id(id).tag(id).add().unwrap();
    }
    let all = JobQuery::new;
    assert_eq!(complete(&scheduler.pause_jobs(all().tag("a")).unwrap()), ["default/a"]);
    assert_eq!(complete(&scheduler.pause_jobs(all()).unwrap()), ["default/b"]);
    assert_eq!(complete(&scheduler.resume_jobs(all().tag("b")).unwrap()), ["default/b"]);
    assert_eq!(complete(&scheduler.remove_jobs(all()).unwrap()), ["default/a", "default/b"]);
}

#[test]
fn a_failing_store_interrupts_the_change_and_what_was_done_is_known() {
    let store = faulty(MemoryJobStore::new());
    let faults = store.0.faults.clone();
    let fixture = SchedulerFixture::new(|builder| {
        builder.job_store("default", MemoryJobStore::new()).job_store("faulty", store)
    });
    for store in ["default", "faulty"] {
        let job = fixture.job(note("a".into())).id("a").job_store(store);
        fixture.block_on(job.trigger(DateTrigger::at(at(9))).add()).unwrap();
    }
    faults.set(Call::Update, Fault::NotApplied);
    let change = fixture.block_on(fixture.pause_jobs(JobQuery::new())).unwrap();
    assert_eq!(ids(&change.changed), ["default/a"]);
    assert!(matches!(change.interrupted, Some(SchedulerError::Store { .. })), "{change:?}");
}

/// Jobs lose their tag while all jobs with the tag are paused: either the change of the tag comes first, and the job is
/// not paused, or the pause does, and is reported.
#[test]
fn a_job_that_no_longer_matches_is_not_changed() {
    const JOBS: usize = 200;
    let scheduler = BackgroundScheduler::builder().timezone("UTC").start().unwrap();
    for number in 0..JOBS {
        let job = scheduler.job(|| ()).id(number.to_string()).tag("x");
        job.trigger(DateTrigger::at(at(2_000_000_000))).add().unwrap();
    }
    let scheduler = Arc::new(scheduler);
    let untag = {
        let scheduler = Arc::clone(&scheduler);
        thread::spawn(move || {
            let mut paused_before = Vec::new();
            for number in (0..JOBS).rev() {
                let id = number.to_string();
                let before = scheduler.get_job(&id).unwrap().unwrap();
                let job = before.modify(JobChange::new().remove_tag("x")).unwrap();
                if job.state == JobState::Paused {
                    paused_before.push(format!("default/{id}"));
                }
            }
            paused_before
        })
    };
    let mut reported = complete(&scheduler.pause_jobs(JobQuery::new().tag("x")).unwrap());
    let mut expected = untag.join().unwrap();
    reported.sort();
    expected.sort();
    assert_eq!(reported, expected);
    let paused = scheduler.get_jobs(JobQuery::new().state(JobState::Paused)).unwrap();
    assert_eq!(paused.len(), reported.len());
    scheduler.shutdown().unwrap();
}
