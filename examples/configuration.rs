//! The three ways of configuring a scheduler, side by side: methods, a file, and environment variables. They give the same
//! scheduler.
//!
//!     cargo run --example configuration

use std::time::Duration;

use punctual::SchedulerBuilder;
use punctual::prelude::*;

type Builder = SchedulerBuilder<BackgroundScheduler>;

fn by_methods() -> Builder {
    BackgroundScheduler::builder()
        .timezone("Europe/Helsinki")
        .job_defaults(
            JobOptions::new().misfire_grace_time(Duration::from_secs(60)).max_instances(3),
        )
        .job_store("default", MemoryJobStore::new())
        .executor("default", ThreadPoolExecutor::new(20))
}

fn by_file() -> anyhow::Result<Builder> {
    let config = Config::builder()
        .toml(
            r#"
            [punctual]
            timezone = "Europe/Helsinki"
            job_defaults = { misfire_grace_time = "60s", max_instances = 3 }
            job_stores.default = "memory:"
            executors.default = { type = "threadpool", max_workers = 20 }
            "#,
        )
        .build()?;
    Ok(BackgroundScheduler::builder().configure(&config)?)
}

fn by_variables() -> anyhow::Result<Builder> {
    let config = Config::builder()
        // A program uses `.env()`, which reads the variables of its process.
        .vars([
            ("PUNCTUAL__TIMEZONE", "Europe/Helsinki"),
            ("PUNCTUAL__JOB_DEFAULTS__MISFIRE_GRACE_TIME", "60"),
            ("PUNCTUAL__JOB_DEFAULTS__MAX_INSTANCES", "3"),
            ("PUNCTUAL__JOB_STORES__DEFAULT", "memory:"),
            ("PUNCTUAL__EXECUTORS__DEFAULT__TYPE", "threadpool"),
            ("PUNCTUAL__EXECUTORS__DEFAULT__MAX_WORKERS", "20"),
        ])
        .build()?;
    Ok(BackgroundScheduler::builder().configure(&config)?)
}

fn main() -> anyhow::Result<()> {
    let schedulers = [by_methods().build()?, by_file()?.build()?, by_variables()?.build()?];
    for scheduler in &schedulers {
        assert_eq!(format!("{scheduler:?}"), format!("{:?}", schedulers[0]));
        scheduler.start()?;
        let job = scheduler.job(|| println!("hello")).trigger("0 5 * * mon-fri").add()?;
        println!("{job}");
        scheduler.shutdown()?;
    }

    // The configuration of an APScheduler, with a word about each key whose meaning differs.
    let config = Config::builder()
        .set("apscheduler.jobstore_retry_interval", 10)
        .set("apscheduler.job_defaults.coalesce", false)
        .build()?;
    for warning in config.warnings() {
        println!("{warning}");
    }
    Ok(())
}
