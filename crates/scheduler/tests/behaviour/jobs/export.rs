//! Exporting and importing jobs.

use std::time::Duration;

use punctual_core::{Coalesce, Overlap, Recovery, error_chain};
use punctual_scheduler::{
    Job, JobExport, JobImport, JobQuery, JobState, OnConflict, SchedulerError,
};
use punctual_store_memory::MemoryJobStore;
use punctual_triggers::{CronTrigger, DateTrigger, IntervalTrigger};

use crate::common::{Call, Fault, SchedulerFixture, TempStore, at, faulty, note};

fn fixture(file: &TempStore) -> SchedulerFixture {
    SchedulerFixture::new(|builder| {
        let builder = builder.job_store("default", MemoryJobStore::new());
        builder.job_store("file", file.store()).task(note)
    })
}

fn export(fixture: &SchedulerFixture, query: JobQuery) -> JobExport {
    fixture.block_on(fixture.export_jobs(query)).unwrap()
}

fn import(
    fixture: &SchedulerFixture,
    export: JobExport,
    on_conflict: OnConflict,
) -> Result<JobImport, SchedulerError> {
    fixture.block_on(fixture.import_jobs(export, on_conflict))
}

fn job(fixture: &SchedulerFixture, store: &str, id: &str) -> Job {
    Job::clone(&fixture.block_on(fixture.get_job((store, id))).unwrap().unwrap())
}

/// Adds jobs of all kinds to a store, and runs one of them.
fn add_jobs(fixture: &SchedulerFixture, store: &str) {
    let often = fixture.job(note("often".into())).id("often").job_store(store);
    let often = often
        .name("a name")
        .tags(["a", "b"])
        .recovery(Recovery::Rerun)
        .misfire_grace_time(Duration::from_millis(1500))
        .coalesce(Coalesce::All)
        .overlap(Overlap::QueueOne)
        .max_instances(3)
        .max_catch_up_runs(7);
    let trigger = IntervalTrigger::seconds(10).start_date(at(10)).jitter(Duration::from_secs(3));
    fixture.block_on(often.trigger(trigger).add()).unwrap();
    let nightly = fixture.job(note("nightly".into())).id("nightly").job_store(store).paused();
    let cron = CronTrigger::builder().hour(3).timezone("Europe/Helsinki");
    fixture.block_on(nightly.trigger(cron).add()).unwrap();
    let once = fixture.job(note("once \u{1f600}\n".into())).id("once").job_store(store);
    let once = once.next_run_time(at(500)).trigger(DateTrigger::at(at(600)));
    fixture.block_on(once.add()).unwrap();
    fixture.run_until(45);
}

#[test]
fn an_import_is_lossless() {
    for (from, to) in [("default", "file"), ("file", "default"), ("file", "file")] {
        let (file, other_file) = (TempStore::new(), TempStore::new());
        let (source, target) = (fixture(&file), fixture(&other_file));
        add_jobs(&source, from);
        let exported = export(&source, JobQuery::new());
        assert_eq!((exported.len(), exported.skipped().len()), (3, 0));
        let json = exported.to_json();
        let read = JobExport::from_json(&json).unwrap();
        assert_eq!(read.to_json(), json, "reading and writing");

        target.run_until(45);
        let imported = import(&target, read.into_store(to).unwrap(), OnConflict::Fail).unwrap();
        assert_eq!((imported.added.len(), imported.failed.len()), (3, 0));
        assert!(imported.interrupted.is_none());
        for id in ["often", "nightly", "once"] {
            let (old, new) = (job(&source, from, id), job(&target, to, id));
            assert_eq!(new.definition, old.definition, "{id}");
            assert_eq!(
                (new.next_run_time, new.due_at, new.state, new.fire_count),
                (old.next_run_time, old.due_at, old.state, old.fire_count),
                "{id}"
            );
        }
        let often = job(&target, to, "often");
        assert!(often.fire_count >= 3, "{often:?}");
        assert_eq!(job(&target, to, "nightly").state, JobState::Paused);
        let again = export(&target, JobQuery::new()).into_store(from).unwrap();
        assert_eq!(again.to_json(), json, "an export of the imported jobs");
        target.events.wait_count("JOB_ADDED", 3);
        let added = target.events.with_prefix("JOB_ADDED");
        assert_eq!(added.len(), 3, "{added:?}");

        // Both continue alike.
        let before = (source.log.len(), target.log.len());
        source.run_until(100);
        target.run_until(100);
        // Runs that are due at the same time start in any order.
        let since = |lines: Vec<String>, before| {
            let mut lines = lines[before..].to_vec();
            lines.sort();
            lines
        };
        assert_eq!(since(source.log.lines(), before.0), since(target.log.lines(), before.1));
    }
}

#[test]
fn the_format_is_stable() {
    let fixture = SchedulerFixture::in_memory();
    let job = fixture.job(note("a".into())).id("a").recovery(Recovery::Rerun);
    fixture.block_on(job.trigger(DateTrigger::at(at(60))).add()).unwrap();
    let json = export(&fixture, JobQuery::new()).to_json();
    assert_eq!(
        json,
        r#"{
  "version": 1,
  "jobs": [
    {
      "job_store": "default",
      "id": "a",
      "next_run_time": "2023-11-14T22:14:20Z",
      "fire_count": 0,
      "definition": {"version":1,"task":"note","args":["a"],"trigger":{"kind":"date","version":1,"data":{"run_date":1700000060000000,"timezone":"UTC"}},"name":"note","executor":"default","options":{"misfire_grace_time":null,"coalesce":"latest","max_instances":1,"recovery":"rerun"},"first_run":null}
    }
  ]
}"#
    );
}

#[test]
fn what_cant_be_exported_is_listed() {
    let file = TempStore::new();
    let fixture = fixture(&file);
    let closure = fixture.job(|| {}).id("closure").trigger(DateTrigger::at(at(60)));
    fixture.block_on(closure.add()).unwrap();
    let task = fixture.job(note("a".into())).id("task").trigger(DateTrigger::at(at(60)));
    fixture.block_on(task.tag("x").add()).unwrap();
    let all = export(&fixture, JobQuery::new());
    assert_eq!((all.len(), all.skipped()[0].job.job_id.as_str()), (1, "closure"));
    assert!(all.skipped()[0].reason.starts_with("it is a closure"), "{:?}", all.skipped());
    let read = JobExport::from_json(&all.to_json()).unwrap();
    assert_eq!(read.skipped(), all.skipped());
    let selected = export(&fixture, JobQuery::new().tag("x"));
    assert_eq!((selected.len(), selected.skipped().len()), (1, 0));
    assert_eq!(export(&fixture, JobQuery::new().job_store("file")).len(), 0);
    assert_eq!(export(&fixture, JobQuery::new().task("note").limit(1)).len(), 1);
}

#[test]
fn existing_jobs_are_kept_or_replaced() {
    for store in ["default", "file"] {
        let file = TempStore::new();
        let fixture = fixture(&file);
        add_jobs(&fixture, store);
        let exported = export(&fixture, JobQuery::new());
        let before = job(&fixture, store, "often");
        fixture.block_on(fixture.remove_job("once")).unwrap();
        fixture.run_until(200);

        let error = import(&fixture, exported.clone(), OnConflict::Fail).unwrap_err();
        assert!(matches!(error, SchedulerError::JobExists { .. }), "{error}");
        assert!(fixture.block_on(fixture.get_job("once")).unwrap().is_none(), "not imported");

        let kept = import(&fixture, exported.clone(), OnConflict::Skip).unwrap();
        assert_eq!((kept.added.len(), kept.skipped.len(), kept.replaced.len()), (1, 2, 0));
        assert!(job(&fixture, store, "often").fire_count > before.fire_count);

        let replaced = import(&fixture, exported, OnConflict::Replace).unwrap();
        assert_eq!((replaced.added.len(), replaced.replaced.len()), (0, 3));
        let after = job(&fixture, store, "often");
        assert_eq!(
            (after.next_run_time, after.due_at, after.fire_count, after.definition),
            (before.next_run_time, before.due_at, before.fire_count, before.definition)
        );
    }
}

/// Replaces a part of the JSON of a job; returns the error of the import.
fn error_of(part: &str, by: &str) -> String {
    let fixture = SchedulerFixture::in_memory();
    for id in ["first", "second"] {
        let options = fixture.job(note("a".into())).id(id).job_store("default");
        fixture.block_on(options.trigger(DateTrigger::at(at(60))).add()).unwrap();
    }
    let json = export(&fixture, JobQuery::new()).to_json();
    fixture.block_on(fixture.remove_all_jobs()).unwrap();
    let (head, tail) = json.split_at(json.find(r#""second""#).unwrap());
    let changed = match tail.contains(part) {
        true => format!("{head}{}", tail.replacen(part, by, 1)),
        false => json.replacen(part, by, 1),
    };
    assert_ne!(changed, json, "{part}");
    let error = match JobExport::from_json(&changed) {
        Err(error) => error_chain(&error).to_string(),
        Ok(export) => {
            let error = import(&fixture, export, OnConflict::Replace).unwrap_err();
            error_chain(&error).to_string()
        }
    };
    let jobs = fixture.block_on(fixture.get_jobs(JobQuery::new())).unwrap();
    assert!(jobs.is_empty(), "nothing is imported");
    error
}

#[test]
fn invalid_exports_are_rejected_with_job_field_and_value() {
    let long = "x".repeat(192);
    let far = "9999-12-31T23:59:60Z";
    for (part, by, expected) in [
        (
            r#""version": 1,"#,
            r#""version": 2,"#,
            "the export has version 2; this build reads versions up to 1",
        ),
        (
            r#""version": 1,"#,
            r#""version": 1, "new": 1,"#,
            "the text is not an export of jobs in JSON: unknown field `new`",
        ),
        (r#""jobs": ["#, r#""jobs": [{"#, "the text is not an export of jobs in JSON: "),
        (
            r#""fire_count": 0"#,
            r#""fire_count": -1"#,
            "the text is not an export of jobs in JSON: invalid value: integer `-1`",
        ),
        (
            r#""fire_count": 0"#,
            r#""fire_count": 9223372036854775808"#,
            "job \"second\" of the export can't be imported: fire_count is 9223372036854775808: it must be at most",
        ),
        (
            r#""second""#,
            r#""""#,
            "job 1 of the export can't be imported: id is \"\": job id \"\" is not valid",
        ),
        (r#""second""#, &format!("{long:?}"), "job 1 of the export can't be imported: id is \"xxx"),
        (
            r#""second""#,
            r#""first""#,
            "job \"first\" of the export can't be imported: id is \"first\": another job of the store \"default\" has this id",
        ),
        (
            r#""2023-11-14T22:14:20Z""#,
            r#""tomorrow""#,
            "job \"second\" of the export can't be imported: next_run_time is \"tomorrow\": ",
        ),
        (
            r#""2023-11-14T22:14:20Z""#,
            &format!("{far:?}, \"due_at\": \"never\""),
            "job \"second\" of the export can't be imported: due_at is \"never\"",
        ),
        (
            r#""2023-11-14T22:14:20Z""#,
            r#"null, "due_at": "2023-11-14T22:14:20Z""#,
            "job \"second\" of the export can't be imported: due_at is 2023-11-14T22:14:20Z: a job without a next_run_time is paused",
        ),
        (
            r#""task":"note""#,
            r#""task":"rm""#,
            "job \"second\" of the export can't be imported: definition.task is \"rm\": ",
        ),
        (
            r#""args":["a"]"#,
            r#""args":["a",1]"#,
            "job \"second\" of the export can't be imported: definition.args is a value of 7 bytes: ",
        ),
        (
            r#""kind":"date""#,
            r#""kind":"moon""#,
            "job \"second\" of the export can't be imported: definition.trigger is of the kind \"moon\": ",
        ),
        (
            r#""timezone":"UTC""#,
            r#""timezone":"Mars/Base""#,
            "job \"second\" of the export can't be imported: definition.trigger is of the kind \"date\": ",
        ),
        (
            r#""executor":"default""#,
            r#""executor":"gpu""#,
            "job \"second\" of the export can't be imported: definition.executor is \"gpu\": this scheduler has no executor with the alias \"gpu\"",
        ),
        (
            r#""max_instances":1"#,
            r#""max_instances":0"#,
            "job \"second\" of the export can't be imported: definition.options is JobOptions",
        ),
        (
            r#""definition": {"version":1"#,
            r#""definition": {"version":99"#,
            "job \"second\" of the export can't be imported: definition is a value of ",
        ),
        (
            r#""definition": {"#,
            r#""definition_base64": "AQ==", "definition": {"#,
            "job \"second\" of the export can't be imported: definition is given twice",
        ),
        (
            r#""fire_count": 0"#,
            r#""fire_count": 0, "definition_base64": "?", "ignored": null"#,
            "the text is not an export of jobs in JSON: unknown field `ignored`",
        ),
    ] {
        let error = error_of(part, by);
        assert!(error.starts_with(expected), "{by}: {error}");
    }
    let unknown_store = error_of(r#""job_store": "default""#, r#""job_store": "cloud""#);
    assert!(
        unknown_store
            .starts_with("job \"first\" of the export can't be imported: job_store is \"cloud\": "),
        "{unknown_store}"
    );
}

#[test]
fn a_definition_of_another_codec_is_decoded_from_base64() {
    let json = r#"{"version": 1, "jobs": [{"job_store": "default", "id": "a", "next_run_time": null,
        "fire_count": 0, "definition_base64": "BASE64"}]}"#;
    let error = JobExport::from_json(&json.replace("BASE64", "?")).unwrap_err();
    let text = error_chain(&error).to_string();
    assert!(text.contains("definition_base64 is a text of 1 bytes: "), "{text}");
    let read = JobExport::from_json(&json.replace("BASE64", "AQID")).unwrap();
    assert!(read.to_json().contains(r#""definition_base64": "AQID""#));
}

#[test]
fn a_failing_store_interrupts_the_import_and_a_repetition_completes_it() {
    let source = SchedulerFixture::in_memory();
    for n in 0..3 {
        let job = source.job(note("a".into())).id(format!("job-{n}"));
        let trigger = IntervalTrigger::seconds(10).start_date(at(10));
        source.block_on(job.trigger(trigger).add()).unwrap();
    }
    source.run_until(25);
    let exported = export(&source, JobQuery::new());
    for call in [Call::Add, Call::Update] {
        for fault in [Fault::NotApplied, Fault::ResponseLost] {
            let store = faulty(MemoryJobStore::new());
            let faults = store.0.faults.clone();
            let target =
                SchedulerFixture::new(|builder| builder.job_store("default", store).task(note));
            target.run_until(25);
            faults.once(call, fault);
            let result = import(&target, exported.clone(), OnConflict::Fail).unwrap();
            let case = format!("{call:?} {fault:?}");
            assert!(result.interrupted.is_some(), "{case}");
            assert!(result.added.is_empty(), "{case}");
            for job in target.block_on(target.get_jobs(JobQuery::new())).unwrap() {
                let is_complete = job.fire_count == 2 && job.state == JobState::Scheduled;
                assert!(is_complete || job.state == JobState::Paused, "{case}: {job:?}");
            }
            let result = import(&target, exported.clone(), OnConflict::Replace).unwrap();
            assert_eq!(result.added.len() + result.replaced.len(), 3, "{case}");
            target.run_until(45);
            source.run_until(25);
            let counts = target.block_on(target.get_jobs(JobQuery::new())).unwrap();
            assert!(counts.iter().all(|job| job.fire_count == 4), "{case}: {counts:?}");
        }
    }
}

#[test]
fn a_scheduler_that_is_not_started_neither_exports_nor_imports() {
    let fixture = SchedulerFixture::in_memory();
    let exported = export(&fixture, JobQuery::new());
    fixture.block_on(fixture.shutdown()).unwrap();
    let error = fixture.block_on(fixture.export_jobs(JobQuery::new())).unwrap_err();
    assert!(matches!(error, SchedulerError::NotRunning));
    let error = import(&fixture, exported, OnConflict::Skip).unwrap_err();
    assert!(matches!(error, SchedulerError::NotRunning));
}

#[test]
fn debug_shows_no_arguments() {
    let fixture = SchedulerFixture::in_memory();
    let job = fixture.job(note("a secret".into())).id("a").trigger(DateTrigger::at(at(60)));
    fixture.block_on(job.add()).unwrap();
    let exported = export(&fixture, JobQuery::new());
    assert_eq!(format!("{exported:?}"), r#"JobExport { jobs: ["a"], skipped: [] }"#);
}
