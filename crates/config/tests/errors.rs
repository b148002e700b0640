//! Errors name the key, the value and the feature, and contain no secrets.

use punctual_config::{Config, ConfigError, Configure};
use punctual_core::{Tasks, error_chain};
use punctual_scheduler::BackgroundScheduler;
use serde_json::{Value, json};

extern crate punctual_core as punctual;

/// A task with an argument.
#[punctual_macros::task]
fn send_mail(to: String) {
    let _ = to;
}

/// A task without arguments.
#[punctual_macros::task]
fn clean_up() {}

fn configure<const N: usize>(values: [(&str, Value); N]) -> Result<(), ConfigError> {
    let values = values.into_iter().map(|(key, value)| (format!("punctual.{key}"), value));
    let config = Config::builder().map(values).build()?;
    let tasks = Tasks::new().task(send_mail).task(clean_up);
    BackgroundScheduler::builder().tasks(&tasks).configure(&config).map(drop)
}

fn error<const N: usize>(values: [(&str, Value); N]) -> String {
    error_chain(&configure(values).unwrap_err()).to_string()
}

#[test]
fn unknown_keys_have_suggestions() {
    for (key, expected) in [
        ("timezon", "no key \"punctual.timezon\" (did you mean \"timezone\"?"),
        ("jobstores.default", "no key \"punctual.jobstores\" (did you mean \"job_stores\""),
        (
            "job_defaults.coalese",
            "no key \"punctual.job_defaults.coalese\" (did you mean \"coalesce\"?",
        ),
        ("history.max_per_jobs", "did you mean \"max_per_job\"?"),
        ("colour", "no key \"punctual.colour\"; known keys: cancel_grace, "),
    ] {
        let error = error([(key, json!(1))]);
        assert!(error.contains(expected), "{error}");
    }
    let error = Config::builder().set("punctal.timezone", "UTC").build().unwrap_err().to_string();
    assert!(error.contains("\"punctal.timezone\" (did you mean \"punctual\"?"), "{error}");
}

#[test]
fn misspelled_triggers_have_suggestions() {
    let task = || ("jobs.a.task", json!("clean_up"));
    for (key, suggestion) in
        [("evry", "every"), ("cronn", "cron"), ("run_dat", "run_date"), ("quarz", "quartz")]
    {
        let error = error([task(), (&format!("jobs.a.{key}"), json!("1h"))]);
        let expected = format!("no key \"punctual.jobs.a.{key}\" (did you mean \"{suggestion}\"?)");
        assert!(error.contains(&expected), "{error}");
    }
    // Keys of jobs, and of triggers that are not named.
    for key in ["run_immediately", "end_date", "start_date", "retry", "name", "hours", "triggers"] {
        let error = error([task(), (&format!("jobs.a.{key}"), json!("1h"))]);
        assert!(error.contains("\"punctual.jobs.a.trigger\" is missing"), "{error}");
    }
}

#[test]
fn all_errors_are_reported_at_once() {
    let error = configure([
        ("timezon", json!("UTC")),
        ("lease", json!("soon")),
        ("job_defaults.coalesce", json!("newest")),
        ("executors.default", json!("tread_pool")),
        ("jobs.a.task", json!("clean_up")),
        ("jobs.b.task", json!("clean_upp")),
        ("jobs.b.every", json!(60)),
        ("jobs.c.task", json!("clean_up")),
        ("jobs.c.every", json!(60)),
        ("jobs.c.nam", json!("C")),
        ("jobs.c.taggs", json!("d")),
    ]);
    let text = error_chain(&error.unwrap_err()).to_string();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("the configuration has 8 errors:"));
    for expected in [
        "  punctual.lease is \"soon\": ",
        "  punctual.job_defaults.coalesce is \"newest\": ",
        "  punctual.executors.default is \"tread_pool\"",
        "  the key \"punctual.jobs.a.trigger\" is missing",
        "  punctual.jobs.b.task is \"clean_upp\"",
        "  there is no key \"punctual.jobs.c.nam\" (did you mean \"name\"?)",
        "  there is no key \"punctual.jobs.c.taggs\" (did you mean \"tags\"?)",
        "  there is no key \"punctual.timezon\" (did you mean \"timezone\"?)",
    ] {
        let line = lines.next().unwrap_or_default();
        assert!(line.starts_with(expected), "{text}");
    }
    assert_eq!(lines.next(), None);
}

/// Defect 24 of ADR 0009: APScheduler ignores unknown keys.
#[test]
fn defect_24_misspelled_configuration_is_an_error() {
    for key in ["job_defaults.max_instance", "executors.default.max_worker", "coalesce"] {
        let error = error([("executors.default.type", json!("tokio")), (key, json!(1))]);
        assert!(error.contains(&format!("no key \"punctual.{key}\"")), "{error}");
    }
}

#[test]
fn invalid_values_are_named() {
    for (key, value, expected) in [
        ("lease", json!("soon"), "punctual.lease is \"soon\": it must be a number of seconds"),
        (
            "client_only",
            json!("maybe"),
            "punctual.client_only is \"maybe\": it must be true or false",
        ),
        (
            "max_concurrent_runs",
            json!(-1),
            "punctual.max_concurrent_runs is -1: it must be a whole number",
        ),
        ("job_defaults", json!(3), "punctual.job_defaults is invalid: it must be a table"),
        (
            "job_defaults.coalesce",
            json!("none"),
            "is \"none\": it must be one of latest, earliest, all",
        ),
        ("job_defaults.max_instances", json!(0), "max_instances is 0: it must be at least 1"),
        ("timezone", json!("Europe/Helsinky"), "\"punctual.timezone\" is invalid: "),
        (
            "executors.default",
            json!("tread_pool"),
            "punctual.executors.default is \"tread_pool\", but there is no executor of this name (did you mean \"threadpool\"?",
        ),
        (
            "executors.default.max_workers",
            json!(3),
            "\"punctual.executors.default.type\" is missing",
        ),
        (
            "job_stores.default",
            json!("postgress://ann:hunter2@host/jobs"),
            "it must be a URL that begins with postgres: or postgresql:",
        ),
        (
            "job_stores.default",
            json!("oracle:jobs"),
            "it must be a URL that begins with etcd: or etcds: or mariadb:",
        ),
        ("job_stores.default.prefix", json!("a"), "\"punctual.job_stores.default.url\" is missing"),
        ("codec", json!("xml"), "it must be one of json, bincode"),
        (
            "job_defaults.retry",
            json!("never"),
            "punctual.job_defaults.retry is \"never\": it must be a table, or \"none\"",
        ),
    ] {
        let error = error([(key, value)]);
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn an_interval_has_one_length() {
    let error = error([
        ("jobs.a.task", json!("clean_up")),
        ("jobs.a.every", json!("10s")),
        ("jobs.a.hours", json!(1)),
    ]);
    let expected =
        r#"the keys "punctual.jobs.a.every" and "punctual.jobs.a.hours" exclude each other"#;
    assert_eq!(error, expected);
}

#[test]
fn options_of_stores_are_checked() {
    let store = |name, value| {
        error([("job_stores.default.url", json!("sqlite:jobs.sqlite")), (name, value)])
    };
    let unknown = store("job_stores.default.synchronos", json!("full"));
    assert!(unknown.contains("did you mean \"synchronous\"?"), "{unknown}");
    let invalid = store("job_stores.default.synchronous", json!("often"));
    assert!(invalid.contains("synchronous is \"often\""), "{invalid}");
    let other = store("job_stores.default.type", json!("redis"));
    assert!(other.contains("it must be a URL that begins with redis:"), "{other}");
}

#[cfg(not(feature = "executor-process"))]
#[test]
fn missing_features_are_named() {
    let error = error([("executors.pool", json!("processpool"))]);
    assert!(error.contains("requires the feature \"executor-process\""), "{error}");
}

#[test]
fn missing_stores_are_named_by_their_feature() {
    let missing = punctual_backends::Backend::all().iter().find(|backend| !backend.is_available());
    let Some(backend) = missing else { return };
    let url = format!("{}ann:hunter2@host/jobs", backend.url_prefixes().next().unwrap());
    let error = error([("job_stores.default", json!(url))]);
    assert!(error.contains(backend.feature()) && !error.contains("hunter2"), "{error}");
}

#[test]
fn jobs_are_checked() {
    let job = |values: Value| error([("jobs.mail", values)]);
    for (values, expected) in [
        (
            json!({"task": "send_mial", "cron": "@daily"}),
            "punctual.jobs.mail.task is \"send_mial\", but there is no task of this name (did you mean \"send_mail\"?",
        ),
        (json!({"task": "clean_up"}), "\"punctual.jobs.mail.trigger\" is missing"),
        (json!({"cron": "@daily"}), "\"punctual.jobs.mail.task\" is missing"),
        (
            json!({"task": "clean_up", "trigger": "corn"}),
            "punctual.jobs.mail.trigger is \"corn\", but there is no trigger of this name (did you mean \"cron\"?",
        ),
        (
            json!({"task": "clean_up", "trigger": "cron", "hour": 24}),
            "\"punctual.jobs.mail\" is invalid: hour \"24\" (column 1): 24 is out of range",
        ),
        (
            json!({"task": "clean_up", "trigger": "cron", "huor": 4}),
            "no key \"punctual.jobs.mail.huor\" (did you mean \"hour\"",
        ),
        (json!({"task": "clean_up", "cron": "61 * * * *"}), "minute \"61\""),
        (json!({"task": "clean_up", "trigger": "61 * * * *"}), "minute \"61\""),
        (
            json!({"task": "clean_up", "cron": "@daily", "every": 3}),
            "\"punctual.jobs.mail.cron\" and \"punctual.jobs.mail.every\" exclude each other",
        ),
        (
            json!({"task": "clean_up", "every": "10 apples"}),
            "punctual.jobs.mail.every is \"10 apples\"",
        ),
        (
            json!({"task": "clean_up", "trigger": "or", "triggers": [{"type": "cron", "minut": 3}]}),
            "no key \"punctual.jobs.mail.triggers.0.minut\"",
        ),
        (json!({"task": "clean_up", "trigger": "or", "triggers": []}), "a list that is not empty"),
        (json!({"task": "clean_up", "cron": "@daily", "max_instances": 0}), "max_instances is 0"),
        (
            json!({"task": "clean_up", "cron": "@daily", "args": [1]}),
            "punctual.jobs.mail.args can't be passed to the task \"clean_up\": the task has no parameters",
        ),
        (
            json!({"task": "send_mail", "cron": "@daily", "args": ["ann", "bob"]}),
            "\"send_mail\": the number of arguments is 2, and that of the task's parameters 1",
        ),
        (
            json!({"task": "send_mail", "cron": "@daily", "args": [7]}),
            "\"send_mail\": [0]: invalid type: integer, expected a string",
        ),
        (
            json!({"task": "clean_up", "trigger": "interval", "hour": 5}),
            "there is no key \"punctual.jobs.mail.hour\"",
        ),
        (
            json!({"task": "clean_up", "trigger": "interval", "secnds": 5, "name": "often", "tags": ["a"]}),
            "seconds",
        ),
        (json!({"tsk": "clean_up", "cron": "@daily", "args": []}), "\"punctual.jobs.mail.tsk\""),
        (
            json!({"task": "clean_up", "trigger": "interval", "name": "often", "args": [], "tags": ["a"]}),
            "the key \"punctual.jobs.mail.every\" is missing",
        ),
        (
            json!({"task": "send_mail", "cron": "@daily", "args": []}),
            "invalid length 0, expected a tuple of size 1",
        ),
        (
            json!({"task": "clean_up", "cron": "@daily", "paused": true, "run_immediately": true}),
            "exclude each other",
        ),
        (json!("clean_up"), "punctual.jobs.mail is invalid: it must be a table"),
    ] {
        let error = job(values);
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn triggers_can_be_combined() {
    for trigger in [
        json!({"trigger": "or", "triggers": ["@daily", {"type": "interval", "hours": 1}]}),
        json!({"trigger": "and", "triggers": [{"cron": "0 5 * * *"}, {"type": "cron", "day_of_week": "fri", "hour": 5}]}),
        json!({"trigger": "except", "of": {"type": "cron", "hour": 9}, "weekdays": "sat,sun",
            "dates": ["2026-12-25", "2026-07-01..2026-07-31"], "next_business_day": true}),
        json!({"trigger": "calendarinterval", "months": 1, "hour": 6, "timezone": "UTC"}),
        json!({"run_date": "2030-01-01 08:00:00"}),
        json!({"trigger": "date", "delay": "1h"}),
        json!({"quartz": "0 0 9 LW * ?", "gap": "next_valid", "fold": "both"}),
        json!({"trigger": "and", "triggers": {"0": {"cron": "@daily"}, "1": {"cron": "@hourly"}}}),
    ] {
        let mut job = json!({"task": "clean_up", "args": []});
        let fields = trigger.as_object().unwrap().clone();
        job.as_object_mut().unwrap().extend(fields);
        configure([("jobs.one", job)]).unwrap_or_else(|error| panic!("{trigger}: {error}"));
    }
}

#[test]
fn secrets_are_in_no_error_and_no_debug_output() {
    let secret = "postgres://ann:hunter2@host/jobs";
    for values in [
        [("job_stores.default", json!(format!("x{secret}")))],
        [("job_stores.default", json!("hunter2"))],
        [("job_stores.default.url", json!([secret]))],
        [("job_stores", json!(secret))],
        [("job_stores.default", json!([secret]))],
        [("job_stores.default", json!({"url": secret, "type": "sqlite"}))],
        [("job_stores.default", json!({"url": secret, "colour": 1}))],
        [("jobs.one", json!({"task": "clean_up", "cron": "@daily", "args": [secret]}))],
        [("jobs.one", json!({"task": "clean_up", "cron": "@daily", "args": secret}))],
    ] {
        let error = configure(values).unwrap_err();
        let text = format!("{error} {error:?} {}", error_chain(&error));
        assert!(!text.contains("hunter2"), "{text}");
    }
    let builder = Config::builder().set("punctual.job_stores.default", secret);
    assert!(!format!("{builder:?}").contains("hunter2"));
    assert!(!format!("{:?}", builder.build().unwrap()).contains("hunter2"));
}

#[test]
fn jobs_can_be_added_later() {
    let config = Config::builder()
        .set("punctual.jobs.mail", json!({"task": "send_mail", "args": ["ann"], "cron": "@daily"}))
        .build()
        .unwrap();
    let scheduler = BackgroundScheduler::builder().timezone("UTC").build().unwrap();
    let jobs = config.jobs(&Tasks::new().task(send_mail)).unwrap();
    scheduler.add_jobs(jobs).unwrap();
    assert!(scheduler.get_job("mail").unwrap().is_some());
    assert!(matches!(config.jobs(&Tasks::new()), Err(ConfigError::UnknownName { .. })));
}

#[test]
fn all_errors_of_jobs_are_returned() {
    let config = Config::builder()
        .set("punctual.jobs.a", json!({"task": "send_male", "cron": "@daily"}))
        .set("punctual.jobs.b", json!({"task": "clean_up", "every": "1h"}))
        .set("punctual.jobs.c", json!({"task": "clean_up", "every": "soon"}))
        .build()
        .unwrap();
    let tasks = Tasks::new().task(send_mail).task(clean_up);
    let error = config.jobs(&tasks).unwrap_err();
    let ConfigError::Several { errors, .. } = &error else { panic!("{error}") };
    let keys = errors.iter().map(|error| error_chain(error).to_string());
    let [task, every] = &keys.collect::<Vec<_>>()[..] else { panic!("{error}") };
    assert!(task.starts_with("punctual.jobs.a.task is \"send_male\""), "{task}");
    assert!(every.starts_with("punctual.jobs.c.every is \"soon\""), "{every}");
}
