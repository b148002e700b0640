//! The three ways of configuration, which give the same scheduler.

#![cfg(all(feature = "toml", feature = "ini", feature = "executor-threads"))]

use std::time::Duration;

use punctual_config::{Config, ConfigBuilder, Configure};
use punctual_core::{Coalesce, JobOptions, Overlap, Recovery, RetryOn, RetryPolicy};
use punctual_executor_threads::ThreadPoolExecutor;
use punctual_scheduler::{
    BackgroundScheduler, FailureLog, HistoryOptions, JobQuery, JobState, NewJob, SchedulerBuilder,
};
use punctual_store_memory::MemoryJobStore;
use punctual_triggers::{CronTrigger, IntervalTrigger};

extern crate punctual_core as punctual;

/// A task with two arguments.
#[punctual_macros::task]
fn send_mail(to: String, count: u32) {
    let _ = (to, count);
}

type Builder = SchedulerBuilder<BackgroundScheduler>;

/// What can be seen of a scheduler: its settings and its jobs.
fn seen(builder: Builder) -> String {
    let scheduler = builder.build().unwrap();
    let jobs = scheduler.get_jobs(JobQuery::new()).unwrap();
    let jobs = jobs.iter().map(|job| serde_json::to_string(job).unwrap());
    format!("{scheduler:?}\n{}", jobs.collect::<Vec<_>>().join("\n"))
}

fn by_methods() -> Builder {
    BackgroundScheduler::builder()
        .timezone("Europe/Helsinki")
        .lease(Duration::from_secs(5))
        .max_retry_delay(Duration::from_millis(2_500))
        .job_defaults(
            JobOptions::new()
                .misfire_grace_time(Duration::from_secs(90))
                .coalesce(Coalesce::All)
                .max_instances(3)
                .recovery(Recovery::Rerun),
        )
        .job_store("default", MemoryJobStore::new())
        .executor("default", ThreadPoolExecutor::new(20))
        .executor("second", ThreadPoolExecutor::default())
        .task(send_mail)
        .jobs([
            NewJob::builder(send_mail("ann@example.org".into(), 2))
                .id("mail")
                .trigger(CronTrigger::builder().hour(5).day_of_week("mon-fri"))
                .max_instances(1)
                .replace_existing(true)
                .build(),
            NewJob::builder(send_mail("bob@example.org".into(), 1))
                .id("often")
                .trigger(
                    IntervalTrigger::minutes(1.5)
                        .start_date("2026-01-01")
                        .jitter(Duration::from_secs(5)),
                )
                .executor("second")
                .name("Often")
                .replace_existing(true)
                .build(),
        ])
}

const TOML: &str = r#"
    [punctual]
    timezone = "Europe/Helsinki"
    lease = 5
    max_retry_delay = "2500ms"
    job_stores.default = "memory:"
    executors.second = "threadpool"

    [punctual.job_defaults]
    misfire_grace_time = "1m 30s"
    coalesce = "all"
    max_instances = 3
    recovery = "rerun"

    [punctual.executors.default]
    type = "threadpool"
    max_workers = 20

    [punctual.jobs.mail]
    task = "send_mail"
    args = ["ann@example.org", 2]
    trigger = "cron"
    hour = 5
    day_of_week = "mon-fri"
    max_instances = 1

    [punctual.jobs.often]
    task = "send_mail"
    args = ["bob@example.org", 1]
    trigger = { type = "interval", minutes = 1.5, start_date = 2026-01-01, jitter = 5 }
    executor = "second"
    name = "Often"
"#;

const INI: &str = "
    [punctual]
    timezone = Europe/Helsinki
    lease = 5
    max_retry_delay = 2.5
    job_stores.default.type = memory
    executors.second = threadpool

    [punctual.job_defaults]
    misfire_grace_time = 90
    coalesce = False
    max_instances = 3
    recovery = rerun

    [punctual.executors.default]
    type = threadpool
    max_workers = 20

    [punctual.jobs.mail]
    task = send_mail
    args = [\"ann@example.org\", 2]
    trigger = cron
    hour = 5
    day_of_week = mon-fri
    max_instances = 1

    [punctual.jobs.often]
    task = send_mail
    args = [\"bob@example.org\", 1]
    every = 1m 30s
    start_date = 2026-01-01
    jitter = 5
    executor = second
    name = Often
";

/// The variables that correspond to an INI file.
fn vars() -> Vec<(String, String)> {
    let mut section = String::new();
    let mut vars = Vec::new();
    for line in INI.lines().map(str::trim).filter(|line| !line.is_empty()) {
        match line.strip_prefix('[') {
            Some(name) => section = name.trim_end_matches(']').to_owned(),
            None => {
                let (name, value) = line.split_once(" = ").unwrap();
                let key = format!("{section}.{name}").replace('.', "__").to_uppercase();
                vars.push((key, value.to_owned()));
            }
        }
    }
    vars
}

fn by_config(source: ConfigBuilder) -> Builder {
    let config = source.build().unwrap();
    assert_eq!(config.warnings(), []);
    BackgroundScheduler::builder().task(send_mail).configure(&config).unwrap()
}

#[test]
fn all_sources_give_the_same_scheduler() {
    let expected = seen(by_methods());
    assert!(
        expected.contains("Europe/Helsinki") && expected.contains("ann@example.org"),
        "{expected}"
    );
    assert_eq!(seen(by_config(Config::builder().toml(TOML))), expected);
    assert_eq!(seen(by_config(Config::builder().ini(INI))), expected);
    assert_eq!(seen(by_config(Config::builder().vars(vars()))), expected);
}

#[test]
fn every_option_is_applied() {
    let config = Config::builder().toml(
        r#"
        [punctual]
        max_retry_delay = "3s"
        lease = "4s"
        poll_interval = 5
        max_concurrent_runs = 6
        cancel_grace = "8s"
        shutdown_timeout = "9s"
        node_id = "one"
        failure_log = "off"
        codec = "json"
        client_only = true
        history = { max_age = "7days", max_per_job = "none" }
        job_stores.default = { type = "memory", history = false }
        "#,
    );
    let builder = BackgroundScheduler::builder()
        .task(send_mail)
        .max_retry_delay(Duration::from_secs(3))
        .lease(Duration::from_secs(4))
        .poll_interval(Duration::from_secs(5))
        .max_concurrent_runs(6)
        .cancel_grace(Duration::from_secs(8))
        .shutdown_timeout(Duration::from_secs(9))
        .node_id("one")
        .failure_log(FailureLog::Off)
        .client_only()
        .history(
            HistoryOptions::enabled().max_age(Duration::from_secs(7 * 86_400)).max_per_job(None),
        )
        .job_store("default", MemoryJobStore::new())
        .history_of("default", HistoryOptions::disabled());
    assert_eq!(seen(by_config(config)), seen(builder));
    assert_ne!(seen(by_config(Config::builder())), seen(by_methods()));
}

#[test]
fn later_sources_override_earlier_ones() {
    let config = Config::builder()
        .toml(TOML)
        .vars([("PUNCTUAL__TIMEZONE", "UTC"), ("PUNCTUAL__JOBS__MAIL__HOUR", "6")])
        .set("punctual.executors.second", "debug");
    let seen = seen(by_config(config));
    assert!(seen.contains("hour='6'") && !seen.contains("Helsinki"), "{seen}");
}

#[test]
fn a_file_without_any_key_of_the_prefix_results_in_a_warning() {
    let warnings = |config: ConfigBuilder| {
        let config = config.build().unwrap();
        config.warnings().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let text = "no key in TOML begins with this prefix: it has no effect";
    let without_table = Config::builder().toml("timezone = 'UTC'");
    assert_eq!(warnings(without_table), [format!("punctual.: {text}")]);
    let other = Config::builder().prefix("jobs.").toml("[punctual]\ntimezone = 'UTC'");
    assert_eq!(warnings(other), [format!("jobs.: {text}")]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("jobs.ini");
    std::fs::write(&file, "[puntcual]\ntimezone = UTC\n").unwrap();
    let [warning] = &warnings(Config::builder().ini_file(&file))[..] else { panic!("one warning") };
    assert!(warning.contains(&format!("no key in {} begins", file.display())), "{warning}");
    for config in [
        Config::builder().toml("# nothing yet"),
        Config::builder().toml(TOML),
        Config::builder().prefix("").toml("timezone = 'UTC'"),
        Config::builder().ini("[apscheduler]\ntimezone = UTC"),
        Config::builder().vars([("HOME", "/root")]).map([("mail.server", "localhost")]),
    ] {
        assert_eq!(warnings(config), [""; 0]);
    }
}

#[test]
fn another_prefix_and_none() {
    for (prefix, key) in
        [("mailer.", "mailer.timezone"), ("", "timezone"), ("a.b.", "a.b.timezone")]
    {
        let config = Config::builder().prefix(prefix).set(key, "Asia/Tokyo");
        assert!(seen(by_config(config)).contains("Asia/Tokyo"));
    }
    let other = Config::builder().map([("mailer.timezone", "Asia/Tokyo"), ("punctual.lease", "3")]);
    assert!(!seen(by_config(other)).contains("Asia/Tokyo"));
}

#[test]
fn files_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let (toml, ini) = (folder.path().join("jobs.toml"), folder.path().join("jobs.ini"));
    std::fs::write(&toml, TOML).unwrap();
    std::fs::write(&ini, INI).unwrap();
    for source in [Config::builder().toml_file(toml), Config::builder().ini_file(ini)] {
        assert_eq!(seen(by_config(source)), seen(by_methods()));
    }
    let error = Config::builder().toml_file(folder.path().join("none.toml")).build().unwrap_err();
    assert!(error.to_string().contains("none.toml"), "{error}");
}

#[test]
fn jobs_can_be_a_list() {
    let config = Config::builder().toml(
        "[[punctual.jobs]]\nid = \"one\"\ntask = \"send_mail\"\nargs = [\"a\", 1]\ncron = \"@daily\"\n",
    );
    assert!(seen(by_config(config)).contains("crontab[@daily]"));
}

#[test]
fn ids_of_a_list_are_distinct() {
    let job = "[[punctual.jobs]]\nid = \"one\"\ntask = \"send_mail\"\nargs = [\"a\", 1]\ncron = \"@daily\"\n";
    let config = Config::builder().toml(job.repeat(2)).build().unwrap();
    let builder = BackgroundScheduler::builder().task(send_mail);
    let error = builder.configure(&config).map(drop).expect_err("an error").to_string();
    assert_eq!(error, r#"punctual.jobs.1 and punctual.jobs.0 have the same id "one""#);
}

#[test]
fn every_option_of_a_job_is_applied() {
    let config = Config::builder().toml(
        r#"
        [punctual]
        job_stores.default = "memory:"
        job_defaults = { overlap = "skip", max_catch_up_runs = 9, max_catch_up_age = "1h" }

        [punctual.jobs.mail]
        task = "send_mail"
        args = ["ann@example.org", 2]
        every = 60
        start_date = 2026-01-01
        overlap = "cancel_running"
        max_catch_up_runs = 7
        max_catch_up_age = "none"
        timeout = "90s"
        retry = { delay = "5s", backoff = "exponential", factor = 3, max_delay = 60, jitter = 50, max_attempts = 4, max_elapsed = "1h", on = ["failed", "timed_out"] }
        tags = ["billing", "nightly"]
        "#,
    );
    let age = Duration::from_secs(3_600);
    let defaults =
        JobOptions::new().overlap(Overlap::Skip).max_catch_up_runs(9).max_catch_up_age(age);
    let builder = BackgroundScheduler::builder()
        .task(send_mail)
        .job_store("default", MemoryJobStore::new())
        .job_defaults(defaults)
        .jobs([NewJob::builder(send_mail("ann@example.org".into(), 2))
            .id("mail")
            .trigger(IntervalTrigger::seconds(60).start_date("2026-01-01"))
            .overlap(Overlap::CancelRunning)
            .max_catch_up_runs(7)
            .max_catch_up_age(None)
            .timeout(Duration::from_secs(90))
            .retry(
                RetryPolicy::exponential(Duration::from_secs(5))
                    .factor(3)
                    .max_delay(Duration::from_secs(60))
                    .jitter(50)
                    .max_attempts(4)
                    .max_elapsed(age)
                    .on(RetryOn::FAILED | RetryOn::TIMED_OUT),
            )
            .tags(["nightly", "billing"])
            .replace_existing(true)
            .build()]);
    assert_eq!(seen(by_config(config)), seen(builder));
}

#[test]
fn a_job_can_have_no_retries_although_others_have() {
    let config = Config::builder().toml(
        r#"
        [punctual]
        job_defaults.retry.delay = 5
        [punctual.jobs.mail]
        task = "send_mail"
        args = ["ann@example.org", 2]
        every = 60
        retry = "none"
        "#,
    );
    let builder = BackgroundScheduler::builder()
        .task(send_mail)
        .job_defaults(JobOptions::new().retry(RetryPolicy::fixed(Duration::from_secs(5))))
        .jobs([NewJob::builder(send_mail("ann@example.org".into(), 2))
            .id("mail")
            .trigger(IntervalTrigger::seconds(60))
            .retry(None)
            .replace_existing(true)
            .build()]);
    assert_eq!(seen(by_config(config)), seen(builder));
}

#[test]
fn a_stored_job_is_paused_resumed_or_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("jobs.sqlite");
    for (paused, expected) in [
        ("paused = true", JobState::Paused),
        ("", JobState::Paused),
        ("paused = false", JobState::Scheduled),
        ("", JobState::Scheduled),
        ("paused = true", JobState::Paused),
    ] {
        let config = Config::builder().toml(format!(
            r#"
            [punctual]
            job_stores.default = "sqlite:{}"
            executors.default = "threadpool"
            [punctual.jobs.mail]
            task = "send_mail"
            args = ["ann@example.org", 2]
            every = 3600
            {paused}
            "#,
            file.display(),
        ));
        let scheduler = by_config(config).build().unwrap();
        scheduler.start().unwrap();
        assert_eq!(scheduler.get_job("mail").unwrap().unwrap().state, expected, "{paused:?}");
        scheduler.shutdown().unwrap();
    }
}
