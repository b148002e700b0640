//! Modifying, rescheduling, pausing and resuming jobs.

use punctual_core::JobStore;
use punctual_scheduler::{JobChange, JobState, SchedulerError};
use punctual_store_memory::MemoryJobStore;
use punctual_triggers::{DateTrigger, IntervalTrigger};

use crate::common::{SchedulerFixture, TempStore, at, note};

/// Calls `check` with a job every 10 seconds, in memory and in a file.
fn both(check: impl Fn(&SchedulerFixture)) {
    fn fixture(store: impl JobStore) -> SchedulerFixture {
        let fixture = SchedulerFixture::new(|builder| builder.job_store("default", store));
        let job = fixture.job(note("old".into())).id("job").name("mine");
        fixture.block_on(job.trigger(IntervalTrigger::seconds(10)).add()).unwrap();
        fixture
    }
    let file = TempStore::new();
    check(&fixture(MemoryJobStore::new()));
    check(&fixture(file.store()));
}

#[test]
fn a_modified_job_keeps_its_next_run_time() {
    both(|fixture| {
        let change = JobChange::new().call(note("new".into())).name("yours").max_instances(4);
        let job = fixture.block_on(fixture.modify_job("job", change)).unwrap();
        assert_eq!((job.name(), job.next_run_time), ("yours", Some(at(10))));
        assert_eq!(job.definition.as_ref().unwrap().options.max_instances, 4);
        let change = JobChange::new().trigger(IntervalTrigger::seconds(7));
        let job = fixture.block_on(fixture.modify_job("job", change)).unwrap();
        assert_eq!((job.name(), job.next_run_time), ("yours", Some(at(10))));
        fixture.run_until(10);
        assert_eq!(fixture.log.lines(), ["new@10"]);
        assert_eq!(fixture.events.with_prefix("JOB_MODIFIED").len(), 2);
        let job = fixture.block_on(fixture.get_job("job")).unwrap().unwrap();
        assert_eq!(job.next_run_time, Some(at(14)), "the new trigger's start date is second 0");
    });
}

#[test]
fn an_invalid_change_has_no_effect() {
    both(|fixture| {
        for change in [
            JobChange::new().name("yours").max_instances(0),
            JobChange::new().name("yours").executor(""),
            JobChange::new().name("yours").trigger(IntervalTrigger::seconds(0)),
        ] {
            fixture.block_on(fixture.modify_job("job", change)).unwrap_err();
        }
        let never = DateTrigger::at(at(-10));
        fixture
            .block_on(fixture.reschedule_job("job", IntervalTrigger::seconds(5).end_date(at(-1))))
            .unwrap_err();
        let job = fixture.block_on(fixture.get_job("job")).unwrap().unwrap();
        assert_eq!((job.name(), job.next_run_time), ("mine", Some(at(10))));
        // A date in the past does not prevent a run.
        let job = fixture.block_on(fixture.reschedule_job("job", never)).unwrap();
        assert_eq!(job.next_run_time, Some(at(-10)));
    });
}

#[test]
fn a_rescheduled_job_follows_its_new_trigger() {
    both(|fixture| {
        fixture.run_until(5);
        let job =
            fixture.block_on(fixture.reschedule_job("job", IntervalTrigger::seconds(3))).unwrap();
        assert_eq!((job.name(), job.next_run_time), ("mine", Some(at(8))));
        fixture.run_until(12);
        assert_eq!(fixture.log.lines(), ["old@8", "old@11"]);
    });
}

#[test]
fn a_resumed_job_continues_from_the_current_time() {
    both(|fixture| {
        let job = fixture.block_on(fixture.pause_job("job")).unwrap();
        assert_eq!((job.state, job.next_run_time), (JobState::Paused, None));
        fixture.run_until(35);
        assert_eq!(fixture.log.len(), 0);
        let job = fixture.block_on(fixture.resume_job("job")).unwrap();
        assert_eq!((job.state, job.next_run_time), (JobState::Scheduled, Some(at(40))));
        fixture.block_on(fixture.pause_job("job")).unwrap();
        let job =
            fixture.block_on(fixture.reschedule_job("job", IntervalTrigger::seconds(1))).unwrap();
        assert_eq!(job.next_run_time, Some(at(36)), "rescheduling resumes");
        fixture.run_until(36);
        assert_eq!(fixture.log.lines(), ["old@36"]);
        assert_eq!(fixture.events.with_prefix("JOB_MODIFIED").len(), 4);
    });
}

#[test]
fn a_job_without_further_fire_times_is_not_resumed() {
    both(|fixture| {
        let ends = IntervalTrigger::seconds(10).end_date(at(20));
        fixture.block_on(fixture.reschedule_job("job", ends)).unwrap();
        fixture.block_on(fixture.pause_job("job")).unwrap();
        fixture.run_until(30);
        let error = fixture.block_on(fixture.resume_job("job")).unwrap_err();
        assert!(matches!(error, SchedulerError::NeverFires { .. }), "{error}");
        let job = fixture.block_on(fixture.get_job("job")).unwrap().unwrap();
        assert_eq!(job.state, JobState::Paused, "the job is not modified");
    });
}

#[test]
fn a_closure_can_be_replaced_in_memory_but_not_in_a_file() {
    both(|fixture| {
        let log = fixture.log.clone();
        let change = JobChange::new().call(move || log.push("closure"));
        let persistent = fixture.block_on(fixture.modify_job("job", change)).is_err();
        fixture.run_until(10);
        let expected = if persistent { "old@10" } else { "closure" };
        assert_eq!(fixture.log.lines(), [expected]);
    });
}

#[test]
fn changes_of_unknown_jobs_fail() {
    both(|fixture| {
        let unknown =
            |error| matches!(error, SchedulerError::JobNotFound { id, .. } if id.as_str() == "no");
        assert!(unknown(fixture.block_on(fixture.modify_job("no", JobChange::new())).unwrap_err()));
        assert!(unknown(
            fixture
                .block_on(fixture.reschedule_job("no", IntervalTrigger::seconds(1)))
                .unwrap_err()
        ));
        assert!(unknown(fixture.block_on(fixture.pause_job("no")).unwrap_err()));
        assert!(unknown(fixture.block_on(fixture.resume_job("no")).unwrap_err()));
        assert!(unknown(fixture.block_on(fixture.remove_job("no")).unwrap_err()));
        assert!(unknown(fixture.block_on(fixture.run_job_now("no")).unwrap_err()));
    });
}
