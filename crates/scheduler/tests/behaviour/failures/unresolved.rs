//! Stored jobs that this process can't run: they are kept, reported once, and run when that becomes possible.

use punctual_core::{
    Event, JobId, JobProblem, JobRecord, JobStore, NewRecord, RecordUpdate, Schedule, TaskName,
    error_chain,
};
use punctual_executor_threads::ThreadPoolExecutor;
use punctual_scheduler::{JobQuery, SchedulerError};
use punctual_store_sql::SqliteJobStore;
use punctual_triggers::DateTrigger;

use crate::common::{ManualExecutor, SchedulerFixture, TempStore, at, fail, note};

fn id(text: &str) -> JobId {
    JobId::new(text).unwrap()
}

/// Creates a file with a job `job` of the task `note`, due at second 10.
fn stored(file: &TempStore) -> SqliteJobStore {
    let fixture = SchedulerFixture::new(|builder| {
        let special = ManualExecutor::default();
        builder.job_store("default", file.store()).executor("special", special)
    });
    let job = fixture.job(note("job".into())).id("job").executor("special");
    fixture.block_on(job.trigger(DateTrigger::at(at(10))).add()).unwrap();
    fixture.block_on(fixture.shutdown()).unwrap();
    file.store()
}

/// Returns the stored job, read through a separate store.
fn record(fixture: &SchedulerFixture, store: &SqliteJobStore) -> JobRecord {
    fixture.block_on(async {
        store.start().await.unwrap();
        store.get(&id("job")).await.unwrap().expect("the job exists").record
    })
}

fn problems(fixture: &SchedulerFixture) -> Vec<String> {
    let events = fixture.events.all();
    let problems = events.iter().filter_map(|event| match event {
        Event::JobUnresolved { job, problem, .. } => {
            Some(format!("{}: {}", job.job_id, error_chain(problem)))
        }
        _ => None,
    });
    problems.collect()
}

#[test]
fn a_job_with_an_unregistered_task_is_kept() {
    let file = TempStore::new();
    let outside = stored(&file);
    let fixture =
        SchedulerFixture::new(|builder| builder.job_store("default", file.store()).task(fail));
    let before = record(&fixture, &outside);
    fixture.run_until(100);
    assert_eq!(problems(&fixture), ["job: no task named note is registered"]);
    assert_eq!(record(&fixture, &outside), before, "the record is not modified");
    let job = fixture.block_on(fixture.get_job("job")).unwrap().unwrap();
    assert!(
        matches!(job.problem.as_deref(), Some(JobProblem::UnknownTask(task)) if task.as_str() == "note")
    );
    assert_eq!(fixture.block_on(fixture.get_jobs(JobQuery::new())).unwrap().len(), 1);
    assert!(fixture.health().is_ok());
    let error = fixture.block_on(fixture.run_job_now("job")).unwrap_err();
    assert!(matches!(error, SchedulerError::JobUnresolved { .. }), "{error}");
    // A process with the task starts.
    let held = ManualExecutor::default();
    let other = SchedulerFixture::new(|builder| {
        builder.job_store("default", file.store()).task(note).executor("special", held.clone())
    });
    other.jump_to(100);
    held.run_one();
    other.jump_to(101);
    assert_eq!(other.log.lines(), ["job@10"]);
}

#[test]
fn a_job_runs_after_its_task_is_registered() {
    let file = TempStore::new();
    stored(&file);
    let fixture = SchedulerFixture::new(|builder| {
        builder.job_store("default", file.store()).executor("special", punctual_core::DebugExecutor)
    });
    fixture.run_until(20);
    assert_eq!(problems(&fixture).len(), 1);
    // Adding a job with the task registers it.
    fixture.block_on(fixture.job(note("new".into())).id("new").add()).unwrap();
    fixture.pass();
    assert_eq!(fixture.log.lines(), ["job@10", "new@20"]);
}

#[test]
fn a_job_runs_after_its_executor_is_added() {
    let file = TempStore::new();
    stored(&file);
    let fixture =
        SchedulerFixture::new(|builder| builder.job_store("default", file.store()).task(note));
    fixture.run_until(60);
    assert_eq!(problems(&fixture), ["job: no executor has the alias special"]);
    let job = fixture.block_on(fixture.get_job("job")).unwrap().unwrap();
    assert_eq!(job.next_run_time, Some(at(10)));
    assert!(matches!(job.problem.as_deref(), Some(JobProblem::UnknownExecutor(_))));
    fixture.add_executor("special", ThreadPoolExecutor::new(1)).unwrap();
    fixture.run_until(75);
    assert_eq!(fixture.log.lines(), ["job@10"]);
    assert_eq!(problems(&fixture).len(), 1);
}

/// Overwrites the stored definition.
fn overwrite(fixture: &SchedulerFixture, store: &SqliteJobStore, definition: &str) {
    let old = record(fixture, store);
    let update = RecordUpdate {
        definition: Some((old.task, definition.as_bytes().to_vec().into())),
        ..RecordUpdate::default()
    };
    fixture.block_on(store.update(&old.id, old.revision, update)).unwrap();
}

#[test]
fn an_invalid_definition_is_kept() {
    for (text, expected) in [
        ("\u{1}\u{2}garbage", "its definition can't be read"),
        (r#"{"version":9,"novel":true}"#, "version 9"),
        (
            r#"{"version":1,"task":"note","args":["x"],"trigger":{"kind":"moon","version":1,"data":1},"name":"n","executor":"default","options":{}}"#,
            r#"no trigger of the kind "moon""#,
        ),
    ] {
        let file = TempStore::new();
        let outside = stored(&file);
        let fixture =
            SchedulerFixture::new(|builder| builder.job_store("default", file.store()).task(note));
        let good = record(&fixture, &outside).definition;
        overwrite(&fixture, &outside, text);
        fixture.run_until(60);
        assert_eq!(problems(&fixture).len(), 1, "{:?}", problems(&fixture));
        assert!(problems(&fixture)[0].contains(expected), "{:?}", problems(&fixture));
        let now = record(&fixture, &outside);
        assert_eq!(now.definition.as_bytes(), text.as_bytes(), "the definition is not modified");
        assert_eq!(now.schedule.unwrap().next_run_time, at(10));
        let jobs = fixture.block_on(fixture.get_jobs(JobQuery::new())).unwrap();
        assert_eq!(jobs.len(), 1);
        assert!(jobs[0].to_string().contains(expected), "{}", jobs[0]);
        fixture.block_on(fixture.pause_job("job")).unwrap();
        let error = fixture.block_on(fixture.resume_job("job")).unwrap_err();
        assert_ne!(super::texts::count_distinct_sources(&error), 0, "{error}");
        // The definition is repaired.
        fixture.add_executor("special", punctual_core::DebugExecutor).unwrap();
        overwrite(&fixture, &outside, std::str::from_utf8(good.as_bytes()).unwrap());
        fixture.block_on(fixture.resume_job("job")).unwrap();
        fixture.run_until(75);
        assert_eq!(fixture.log.lines(), ["job@10"]);
    }
}

#[test]
fn mismatched_arguments_are_reported() {
    let file = TempStore::new();
    let fixture =
        SchedulerFixture::new(|builder| builder.job_store("default", file.store()).task(note));
    let outside = file.store();
    let job = fixture.job(note("job".into())).id("job").trigger(DateTrigger::at(at(10)));
    fixture.block_on(job.add()).unwrap();
    let text =
        String::from_utf8(record(&fixture, &outside).definition.as_bytes().to_vec()).unwrap();
    overwrite(&fixture, &outside, &text.replace(r#"["job"]"#, "[7]"));
    let job = fixture.block_on(fixture.get_job("job")).unwrap().unwrap();
    assert!(matches!(job.problem.as_deref(), Some(JobProblem::Arguments(_))), "{job}");
    fixture.run_until(20);
    assert_eq!(fixture.events.with_prefix("JOB_UNRESOLVED"), ["JOB_UNRESOLVED job"]);
    assert_eq!(fixture.log.len(), 0);
    // No fire time is lost: the job runs once its arguments match again.
    overwrite(&fixture, &outside, &text);
    fixture.run_until(40);
    assert_eq!(fixture.log.lines(), ["job@10"]);
}

#[test]
fn an_unresolved_job_does_not_affect_other_jobs() {
    let file = TempStore::new();
    let outside = file.store();
    let fixture =
        SchedulerFixture::new(|builder| builder.job_store("default", file.store()).task(note));
    fixture.block_on(async {
        outside.start().await.unwrap();
        for number in 0..5 {
            let garbage = NewRecord {
                id: id(&format!("bad{number}")),
                task: TaskName::new(if number % 2 == 0 { "note" } else { "unregistered" }).unwrap(),
                definition: b"?".to_vec().into(),
                schedule: Some(Schedule::at(at(5))),
            };
            outside.add(vec![garbage]).await.unwrap();
        }
    });
    let job = fixture.job(note("good".into())).trigger(DateTrigger::at(at(10)));
    fixture.block_on(job.add()).unwrap();
    fixture.run_until(40);
    assert_eq!(fixture.log.lines(), ["good@10"]);
    assert_eq!(problems(&fixture).len(), 5);
    assert_eq!(fixture.block_on(fixture.get_jobs(JobQuery::new())).unwrap().len(), 5);
}
