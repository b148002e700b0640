//! The schedulers of all rows.

use std::error::Error;
use std::time::Duration;

use punctual::prelude::*;
use punctual::{HistoryOptions, MySqlJobStore, SchedulerBuilder};

use crate::tally::{count, tick};

/// A scheduler that runs jobs.
pub(crate) fn worker(history: bool) -> Result<BackgroundScheduler, Box<dyn Error>> {
    let builder = builder()?.task(count).task(tick);
    Ok(match history {
        // The default for shared stores.
        true => builder,
        false => builder.history(HistoryOptions::disabled()),
    }
    .start()?)
}

/// A scheduler that only adds jobs, with connections of its own.
pub(crate) fn client() -> Result<BackgroundScheduler, Box<dyn Error>> {
    Ok(builder()?.client_only().start()?)
}

fn builder() -> Result<SchedulerBuilder<BackgroundScheduler>, Box<dyn Error>> {
    let builder = BackgroundScheduler::builder().timezone("UTC");
    // Else in memory.
    let Ok(url) = std::env::var("DATABASE_URL") else { return Ok(builder) };
    Ok(match url.split_once(':') {
        Some(("sqlite", file)) => builder.job_store("default", SqliteJobStore::open(file)?),
        Some(("mysql", _)) => builder.job_store("default", MySqlJobStore::open(url)?),
        Some(("redis", _)) => builder.job_store("default", RedisJobStore::open(url)?),
        // As often as Agenda.
        Some(("mongodb", _)) => builder
            .job_store("default", MongoDbJobStore::open(url)?)
            .poll_interval(Duration::from_millis(50)),
        _ => builder.job_store("default", PostgresJobStore::open(url)?),
    })
}
