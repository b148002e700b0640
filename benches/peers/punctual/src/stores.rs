//! The schedulers of all rows.

use std::error::Error;

use punctual::prelude::*;
use punctual::{HistoryOptions, SchedulerBuilder};

use crate::tally::count;

/// A scheduler that runs jobs.
pub(crate) fn worker(history: bool) -> Result<BackgroundScheduler, Box<dyn Error>> {
    let builder = builder()?.task(count);
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
    let url = std::env::var("DATABASE_URL").map_err(|_| "DATABASE_URL is not set")?;
    let builder = BackgroundScheduler::builder().timezone("UTC");
    Ok(match url.strip_prefix("sqlite:") {
        Some(file) => builder.job_store("default", SqliteJobStore::open(file)?),
        None => builder.job_store("default", PostgresJobStore::open(url)?),
    })
}
