//! The keys that the code reads are those that the guide documents.

use std::collections::BTreeSet;

use punctual_backends::Backend;
use punctual_core::{JobContext, Task, TaskBody, TaskRegistration, Timestamp, Zone};
use punctual_scheduler::{AsyncScheduler, SchedulerBuilder};
use punctual_triggers::trigger_defaults;
use serde_json::{Value, json};

use crate::errors::Errors;
use crate::jobs::JobReader;
use crate::plugins::Plugins;
use crate::section::Section;
use crate::{Config, configure, executors, scheduler, triggers};

struct Nothing;

impl Task for Nothing {
    const NAME: &'static str = "nothing";
    type Args = ();

    fn body(_: JobContext, (): ()) -> TaskBody {
        TaskBody::blocking(|| Ok(Value::Null))
    }
}

fn section(values: Value) -> Section {
    let Value::Object(values) = values else { panic!("not a table: {values}") };
    Section::new("", values)
}

/// The keys that are asked for by a reader.
fn known(values: Value, read: impl FnOnce(&mut Section)) -> Vec<String> {
    let mut section = section(values);
    read(&mut section);
    section.known().to_vec()
}

fn keys_of_the_code() -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    let mut add = |prefix: &str, names: Vec<String>| {
        keys.extend(names.into_iter().map(|name| format!("{prefix}{name}")));
    };
    let config = Config::builder().build().unwrap();
    let builder: SchedulerBuilder<AsyncScheduler> = AsyncScheduler::builder();
    let mut errors = Errors::default();
    add("", known(json!({}), |root| drop(configure::apply(builder, &config, root, &mut errors))));
    errors.finish(()).unwrap();
    add("job_defaults.", known(json!({}), |section| drop(scheduler::read_job_options(section))));
    let retry = |section: &mut Section| assert!(scheduler::read_retry_section(section).is_ok());
    add("job_defaults.retry.", known(json!({"delay": 1}), retry));
    add("history.", known(json!({}), |section| drop(scheduler::read_history_section(section))));
    for backend in Backend::all() {
        let options = backend.options().iter().map(|&option| option.to_owned());
        add("job_stores.ALIAS.", options.collect());
    }
    add(
        "job_stores.ALIAS.",
        ["url", "type", "prefix", "make_tables", "history"].map(str::to_owned).to_vec(),
    );
    for (_, create) in executors::ALL {
        add("executors.ALIAS.", known(json!({}), |section| drop(create(section))));
    }
    add("executors.ALIAS.", vec!["type".to_owned()]);
    let reader = JobReader {
        plugins: &Plugins::new(),
        tasks: &[TaskRegistration::of::<Nothing>().unwrap()],
        defaults: trigger_defaults(Zone::utc(), Timestamp::UNIX_EPOCH),
    };
    let job = json!({"task": "nothing", "cron": "@daily"});
    let read = |section: &mut Section| drop(reader.read_section(section, "id".into()).unwrap());
    add("jobs.ID.", known(job, read));
    for (name, create) in triggers::ALL {
        let needed = json!({
            "every": 1, "run_date": "2026-01-01", "triggers": ["@daily"], "of": "@daily"
        });
        let read = |section: &mut Section| match create(section, &Plugins::new()) {
            Ok(_) => {}
            Err(error) => panic!("{name}: {error}"),
        };
        add("jobs.ID.", known(needed, read));
    }
    keys
}

fn keys_of_the_guide() -> BTreeSet<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guide/configuration.md");
    let guide = std::fs::read_to_string(path).unwrap();
    let (_, table) = guide.split_once("\n## Keys\n").unwrap();
    let table = table.split("\n## ").next().unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| `"));
    let mut keys = BTreeSet::new();
    for row in rows {
        let (cell, _) = row.split_once(" |").unwrap();
        for key in cell.split(", ") {
            let key = key.trim_matches('`').to_owned();
            assert!(keys.insert(key.clone()), "{key} is documented twice");
        }
    }
    keys
}

#[test]
fn the_guide_documents_every_key() {
    let (code, guide) = (keys_of_the_code(), keys_of_the_guide());
    let missing: Vec<_> = code.difference(&guide).collect();
    let unknown: Vec<_> = guide.difference(&code).collect();
    assert!(missing.is_empty() && unknown.is_empty(), "missing: {missing:?}; unknown: {unknown:?}");
}
