//! Stored jobs that this process can't run: they are kept, reported once, and run when that becomes possible.

use punctual_core::{
    Event, JobId, JobProblem, JobRecord, JobStore, NewRecord, RecordUpdate, Schedule, TaskName,
    error_chain,
};
use punctual_executor_threads::ThreadPoolExecutor;
use punctual_scheduler::{JobQuery, SchedulerError};
use punctual_store_sql::SqliteJobStore;
use punctual_triggers::DateTrigger;

use crate::common::{File, Held, Rig, at, fail, note};

fn id(text: &str) -> JobId {
    JobId::new(text).unwrap()
}

/// Creates a file with a job `job` of the task `note`, due at second 10.
fn stored(file: &File) -> SqliteJobStore {
    let rig = Rig::new(|builder| builder.job_store("default", file.store()));
    let job = rig.job(note("job".into())).id("job").executor("special");
    rig.block_on(job.trigger(DateTrigger::at(at(10))).add()).unwrap();
    rig.block_on(rig.shutdown()).unwrap();
    file.store()
}

/// Returns the stored job, read through a separate store.
fn record(rig: &Rig, store: &SqliteJobStore) -> JobRecord {
    rig.block_on(async {
        store.start().await.unwrap();
        store.get(&id("job")).await.unwrap().expect("the job exists").record
    })
}

fn problems(rig: &Rig) -> Vec<String> {
    let events = rig.events.all();
    let problems = events.iter().filter_map(|event| match event {
        Event::JobUnresolved { job, problem } => {
            Some(format!("{}: {}", job.job_id, error_chain(problem)))
        }
        _ => None,
    });
    problems.collect()
}

#[test]
fn a_job_with_an_unregistered_task_is_kept() {
    let file = File::new();
    let outside = stored(&file);
    let rig = Rig::new(|builder| builder.job_store("default", file.store()).task(fail));
    let before = record(&rig, &outside);
    rig.run_until(100);
    assert_eq!(problems(&rig), ["job: no task named note is registered"]);
    assert_eq!(record(&rig, &outside), before, "the record is not modified");
    let job = rig.block_on(rig.get_job("job")).unwrap().unwrap();
    assert!(
        matches!(job.problem.as_deref(), Some(JobProblem::UnknownTask(task)) if task.as_str() == "note")
    );
    assert_eq!(rig.block_on(rig.get_jobs(JobQuery::new())).unwrap().len(), 1);
    assert!(rig.health().is_ok());
    let error = rig.block_on(rig.run_job_now("job")).unwrap_err();
    assert!(matches!(error, SchedulerError::Unresolved { .. }), "{error}");
    // A process with the task starts.
    let held = Held::default();
    let other = Rig::new(|builder| {
        builder.job_store("default", file.store()).task(note).executor("special", held.clone())
    });
    other.jump_to(100);
    held.run_one();
    other.jump_to(101);
    assert_eq!(other.log.lines(), ["job@10"]);
}

#[test]
fn a_job_runs_after_its_task_is_registered() {
    let file = File::new();
    stored(&file);
    let rig = Rig::new(|builder| {
        builder.job_store("default", file.store()).executor("special", punctual_core::DebugExecutor)
    });
    rig.run_until(20);
    assert_eq!(problems(&rig).len(), 1);
    // Adding a job with the task registers it.
    rig.block_on(rig.job(note("new".into())).id("new").add()).unwrap();
    rig.pass();
    assert_eq!(rig.log.lines(), ["job@10", "new@20"]);
}

#[test]
fn a_job_runs_after_its_executor_is_added() {
    let file = File::new();
    stored(&file);
    let rig = Rig::new(|builder| builder.job_store("default", file.store()).task(note));
    rig.run_until(60);
    assert_eq!(problems(&rig), ["job: no executor has the alias special"]);
    let job = rig.block_on(rig.get_job("job")).unwrap().unwrap();
    assert_eq!(job.next_run_time, Some(at(10)));
    assert!(matches!(job.problem.as_deref(), Some(JobProblem::UnknownExecutor(_))));
    rig.add_executor("special", ThreadPoolExecutor::new(1)).unwrap();
    rig.run_until(75);
    assert_eq!(rig.log.lines(), ["job@10"]);
    assert_eq!(problems(&rig).len(), 1);
}

/// Overwrites the stored definition.
fn overwrite(rig: &Rig, store: &SqliteJobStore, definition: &str) {
    let old = record(rig, store);
    let update = RecordUpdate {
        definition: Some((old.task, definition.as_bytes().to_vec().into())),
        ..RecordUpdate::default()
    };
    rig.block_on(store.update(&old.id, old.revision, update)).unwrap();
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
        let file = File::new();
        let outside = stored(&file);
        let rig = Rig::new(|builder| builder.job_store("default", file.store()).task(note));
        let good = record(&rig, &outside).definition;
        overwrite(&rig, &outside, text);
        rig.run_until(60);
        assert_eq!(problems(&rig).len(), 1, "{:?}", problems(&rig));
        assert!(problems(&rig)[0].contains(expected), "{:?}", problems(&rig));
        let now = record(&rig, &outside);
        assert_eq!(now.definition.as_bytes(), text.as_bytes(), "the definition is not modified");
        assert_eq!(now.schedule.unwrap().next_run_time, at(10));
        let jobs = rig.block_on(rig.get_jobs(JobQuery::new())).unwrap();
        assert_eq!(jobs.len(), 1);
        assert!(jobs[0].to_string().contains(expected), "{}", jobs[0]);
        rig.block_on(rig.pause_job("job")).unwrap();
        let error = rig.block_on(rig.resume_job("job")).unwrap_err();
        assert_ne!(super::texts::sources_told_once(&error), 0, "{error}");
        // The definition is repaired.
        rig.add_executor("special", punctual_core::DebugExecutor).unwrap();
        overwrite(&rig, &outside, std::str::from_utf8(good.as_bytes()).unwrap());
        rig.block_on(rig.resume_job("job")).unwrap();
        rig.run_until(75);
        assert_eq!(rig.log.lines(), ["job@10"]);
    }
}

#[test]
fn mismatched_arguments_are_reported() {
    let file = File::new();
    let rig = Rig::new(|builder| builder.job_store("default", file.store()).task(note));
    let outside = file.store();
    let job = rig.job(note("job".into())).id("job").trigger(DateTrigger::at(at(10)));
    rig.block_on(job.add()).unwrap();
    let text = String::from_utf8(record(&rig, &outside).definition.as_bytes().to_vec()).unwrap();
    overwrite(&rig, &outside, &text.replace(r#"["job"]"#, "[7]"));
    let job = rig.block_on(rig.get_job("job")).unwrap().unwrap();
    assert!(matches!(job.problem.as_deref(), Some(JobProblem::Arguments(_))), "{job}");
    rig.run_until(20);
    assert_eq!(rig.events.of("JOB_UNRESOLVED"), ["JOB_UNRESOLVED job"]);
    assert_eq!(rig.log.len(), 0);
    // No fire time is lost: the job runs once its arguments match again.
    overwrite(&rig, &outside, &text);
    rig.run_until(40);
    assert_eq!(rig.log.lines(), ["job@10"]);
}

#[test]
fn an_unresolved_job_does_not_affect_other_jobs() {
    let file = File::new();
    let outside = file.store();
    let rig = Rig::new(|builder| builder.job_store("default", file.store()).task(note));
    rig.block_on(async {
        outside.start().await.unwrap();
        for number in 0..5 {
            let garbage = NewRecord {
                id: id(&format!("bad{number}")),
                task: TaskName::new(if number % 2 == 0 { "note" } else { "nobody's" }).unwrap(),
                definition: b"?".to_vec().into(),
                schedule: Some(Schedule::at(at(5))),
            };
            outside.add(vec![garbage]).await.unwrap();
        }
    });
    let job = rig.job(note("good".into())).trigger(DateTrigger::at(at(10)));
    rig.block_on(job.add()).unwrap();
    rig.run_until(40);
    assert_eq!(rig.log.lines(), ["good@10"]);
    assert_eq!(problems(&rig).len(), 5);
    assert_eq!(rig.block_on(rig.get_jobs(JobQuery::new())).unwrap().len(), 5);
}
