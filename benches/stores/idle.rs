//! The statements that an idle scheduler executes on an SQL database.

use std::error::Error;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use punctual::{
    BackgroundScheduler, IntoJobStore, MySqlJobStore, PostgresJobStore, SqliteJobStore,
};
use punctual_backends::Backend;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{MySqlPool, PgPool, SqlitePool};
use tokio::runtime::Runtime;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::fires::wait;
use crate::jobs::{self, count};
use crate::options::Options;
use crate::store::server_url;
use crate::table::Table;

/// The duration of the measurement: several renewals of the lease.
const DURATION: Duration = Duration::from_secs(16);

/// Measures the last row of the table: every SQL store, on a pool whose statements are counted.
pub(crate) fn measure(
    options: &Options,
    runtime: &Runtime,
    folder: &Path,
    table: &mut Table,
) -> Result<(), Box<dyn Error>> {
    const PREFIX: &str = "bench_idle_";
    // Pools must be created in a runtime.
    let _inside = runtime.enter();
    tracing::subscriber::set_global_default(Counter)?;
    let chosen = |id: &str| options.wants(id).then(|| backend(id));
    let server = |id: &str| Some((chosen(id)?, server_url(id)?));
    if let Some(sqlite) = chosen("sqlite") {
        let connect =
            SqliteConnectOptions::new().filename(folder.join("idle")).create_if_missing(true);
        let store =
            SqliteJobStore::builder().pool(SqlitePool::connect_lazy_with(connect)).build()?;
        fill_in(table, sqlite, store)?;
    }
    if let Some((postgres, url)) = server("postgres") {
        let store = PostgresJobStore::builder().pool(PgPool::connect_lazy(&url)?);
        fill_in(table, postgres, store.table_prefix(PREFIX).build()?)?;
    }
    if let Some((mysql, url)) = server("mysql") {
        let store = MySqlJobStore::builder().pool(MySqlPool::connect_lazy(&url)?);
        fill_in(table, mysql, store.table_prefix(PREFIX).build()?)?;
    }
    Ok(())
}

fn backend(id: &str) -> &'static Backend {
    Backend::by_id(id).expect("a backend of the list")
}

fn fill_in(
    table: &mut Table,
    backend: &Backend,
    store: impl IntoJobStore,
) -> Result<(), Box<dyn Error>> {
    let statements = statements(store)?;
    table.of(backend.name()).number("statements per second while idle", statements);
    Ok(())
}

/// Returns the statements per second of a scheduler whose jobs are not due. `store` must use a pool with statement
/// logging, because the log records are counted. BEGIN and COMMIT are not logged.
fn statements(store: impl IntoJobStore) -> Result<f64, Box<dyn Error>> {
    let scheduler =
        BackgroundScheduler::builder().job_store("default", store).task(count).start()?;
    scheduler.remove_all_jobs()?;
    scheduler.add_jobs((0..100).map(jobs::due_tomorrow))?;
    // A start executes additional statements.
    wait(Duration::from_secs(2));
    let before = LOGGED.load(Ordering::Relaxed);
    wait(DURATION);
    let statements = LOGGED.load(Ordering::Relaxed) - before;
    scheduler.shutdown()?;
    Ok(statements as f64 / DURATION.as_secs_f64())
}

static LOGGED: AtomicU64 = AtomicU64::new(0);

/// Counts the statements that sqlx logs. Logging takes time, so the other measurements are made before.
#[derive(Debug)]
struct Counter;

impl Subscriber for Counter {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "sqlx::query"
    }

    fn event(&self, _: &Event<'_>) {
        LOGGED.fetch_add(1, Ordering::Relaxed);
    }

    // sqlx creates no spans with that target.
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
