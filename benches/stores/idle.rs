//! What a scheduler asks of its database while there is nothing to do.

use std::error::Error;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use punctual::BackgroundScheduler;
use punctual::core::JobStore;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::fires::wait;
use crate::jobs::{self, count};

/// For how long it is watched: several renewals of its lease.
const WATCHED: Duration = Duration::from_secs(16);

/// Statements per second of a scheduler whose jobs are not due. `store` must use a pool of the caller's
/// whose statements are logged: that is how they are counted. BEGIN and COMMIT are not among them.
pub(crate) fn statements(store: impl JobStore) -> Result<f64, Box<dyn Error>> {
    let scheduler =
        BackgroundScheduler::builder().job_store("default", store).task(count).start()?;
    scheduler.remove_all_jobs(None)?;
    scheduler.add_jobs((0..100).map(jobs::of_tomorrow))?;
    // The first seconds have more to do.
    wait(Duration::from_secs(2));
    let before = LOGGED.load(Ordering::Relaxed);
    wait(WATCHED);
    let statements = LOGGED.load(Ordering::Relaxed) - before;
    scheduler.shutdown()?;
    Ok(statements as f64 / WATCHED.as_secs_f64())
}

static LOGGED: AtomicU64 = AtomicU64::new(0);

/// Counts the statements that sqlx logs. It costs time, so it comes after everything else.
#[derive(Debug)]
pub(crate) struct Counter;

impl Subscriber for Counter {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "sqlx::query"
    }

    fn event(&self, _: &Event<'_>) {
        LOGGED.fetch_add(1, Ordering::Relaxed);
    }

    // Nobody makes spans of that name.
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
