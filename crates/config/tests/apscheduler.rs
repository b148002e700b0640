//! Configurations of APScheduler 3.

use punctual_config::{Config, ConfigError, Configure};
use punctual_core::error_chain;
use punctual_scheduler::BackgroundScheduler;
use serde_json::{Value, json};

fn config<const N: usize>(values: [(&str, Value); N]) -> Result<Config, ConfigError> {
    Config::builder().map(values.map(|(key, value)| (format!("apscheduler.{key}"), value))).build()
}

fn warnings<const N: usize>(values: [(&str, Value); N]) -> Vec<String> {
    let config = config(values).unwrap();
    let _ = BackgroundScheduler::builder().configure(&config).unwrap();
    config.warnings().iter().map(ToString::to_string).collect()
}

#[cfg(feature = "executor-tokio")]
#[test]
fn the_example_of_its_guide() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:////{}", folder.path().join("jobs.sqlite").display());
    let warnings = warnings([
        ("jobstores.default", json!({"type": "sqlalchemy", "url": url})),
        ("jobstores.second.class", json!("apscheduler.jobstores.memory:MemoryJobStore")),
        ("executors.default.class", json!("apscheduler.executors.asyncio:AsyncIOExecutor")),
        ("executors.second", json!({"type": "debug"})),
        ("job_defaults.coalesce", json!("false")),
        ("job_defaults.max_instances", json!("3")),
        ("timezone", json!("UTC")),
    ]);
    let keys: Vec<_> = warnings.iter().map(|warning| warning.split(':').next().unwrap()).collect();
    assert_eq!(
        keys,
        [
            "apscheduler.job_defaults.coalesce",
            "apscheduler.job_defaults.misfire_grace_time",
            "apscheduler.jobstores.default",
        ]
    );
}

#[test]
fn equal_meanings_have_no_warning() {
    let defaults = json!({"misfire_grace_time": 1, "coalesce": "True", "max_instances": 1});
    let values = [
        ("job_defaults", defaults),
        ("jobstores.default.type", json!("memory")),
        ("executors.default.type", json!("debug")),
        ("timezone", json!("Europe/Helsinki")),
    ];
    assert_eq!(warnings(values), [""; 0]);
}

#[test]
fn options_without_a_counterpart_are_warnings() {
    for name in ["logger", "daemon", "event_loop", "io_loop", "reactor"] {
        let warnings = warnings([(name, json!("x"))]);
        assert!(warnings[0].starts_with(&format!("apscheduler.{name}: ignored")), "{warnings:?}");
    }
    let warnings = warnings([("jobstore_retry_interval", json!("10"))]);
    assert!(warnings[0].contains("max_retry_delay"), "{warnings:?}");
}

#[test]
fn unknown_keys_and_plugins_are_errors() {
    for (key, value, expected) in [
        ("timezon", json!("UTC"), "\"apscheduler.timezon\" (did you mean \"timezone\"?"),
        ("job_defaults.coalese", json!(true), "\"apscheduler.job_defaults.coalese\""),
        (
            "executors.default.type",
            json!("gevent"),
            "apscheduler.executors.default.type is \"gevent\"",
        ),
        (
            "jobstores.default.class",
            json!("mine:Store"),
            "apscheduler.jobstores.default.class is \"mine:Store\"",
        ),
        (
            "jobstores.default.url",
            json!("sqlite://"),
            "\"apscheduler.jobstores.default.type\" is missing",
        ),
    ] {
        let error = config([(key, value)]).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn urls_of_other_stores_are_formed_of_their_options() {
    for (store, scheme) in [
        (json!({"type": "redis", "db": 3, "host": "db", "password": "hunter2"}), "redis"),
        (
            json!({"type": "etcd", "path": "/jobs", "user": "ann", "password": "hunter2", "timeout": 5}),
            "etcd",
        ),
        (
            json!({"type": "zookeeper", "path": "/jobs", "hosts": "a:1,b", "timeout": 5, "close_connection_on_exit": true}),
            "zookeeper",
        ),
        (
            json!({"type": "rethinkdb", "database": "jobs", "user": "ann", "password": "hunter2", "timeout": 5}),
            "rethinkdb",
        ),
        (json!({"type": "mongodb", "database": "jobs", "port": 27018}), "mongodb"),
        (
            json!({"type": "sqlalchemy", "url": "postgresql+psycopg2://ann:hunter2@host/jobs"}),
            "postgres",
        ),
        (json!({"type": "sqlalchemy", "url": "mysql+pymysql://ann:hunter2@host/jobs"}), "mysql"),
    ] {
        let config = config([("jobstores.default", store)]).unwrap();
        // Without the features of the servers, the error names the one that is needed.
        if let Err(error) = BackgroundScheduler::builder().configure(&config) {
            let error = error_chain(&error).to_string();
            assert!(
                error.contains(&format!("store-{scheme}")) && !error.contains("hunter2"),
                "{error}"
            );
        }
    }
}

#[test]
fn its_keys_and_own_keys_can_be_mixed() {
    let config = Config::builder()
        .set("apscheduler.timezone", "UTC")
        .set("punctual.timezone", "Europe/Helsinki")
        .build()
        .unwrap();
    let builder = BackgroundScheduler::builder().configure(&config).unwrap();
    assert!(format!("{builder:?}").contains("Europe/Helsinki"));
}
