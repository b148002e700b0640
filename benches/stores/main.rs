//! How quick the stores are, each with the same jobs: a column for each.
//!
//! `scripts/bench stores` runs this, with throw-away servers that wait for their disk as those of users do.
//! Without a server in `PUNCTUAL_TEST_POSTGRES_URL` or `PUNCTUAL_TEST_MYSQL_URL` its column is missing.

mod clock;
mod fires;
mod idle;
mod jobs;
mod options;
mod processor;
mod raw;
mod start;
mod table;

use std::error::Error;
use std::path::Path;

use punctual::core::JobStore;
use punctual::{MemoryJobStore, StoreError};
use punctual_store_sql::{MySqlJobStore, PostgresJobStore, SqliteJobStore};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{MySqlPool, PgPool, SqlitePool};
use tokio::runtime::Runtime;

use self::clock::Ahead;
use self::options::Options;
use self::processor::Server;
use self::table::{Column, Table};

/// Where servers may be.
const POSTGRES: &str = "PUNCTUAL_TEST_POSTGRES_URL";
const MYSQL: &str = "PUNCTUAL_TEST_MYSQL_URL";

/// How many jobs are due all the time.
const FEW: usize = 10_000;

#[expect(clippy::print_stdout, reason = "the table is what it is run for")]
fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::from_args();
    let runtime = Runtime::new()?;
    let folder = tempfile::tempdir()?;
    let mut table = Table::default();
    if options.wants("memory") {
        let table = &mut table.of("memory");
        let (few, many) = (MemoryJobStore::new(), MemoryJobStore::new());
        let open = |many_jobs| Ok(if many_jobs { many.clone() } else { few.clone() });
        measure(open, Server::none(), &options, &runtime, table)?;
    }
    if options.wants("sqlite") {
        let table = &mut table.of("SQLite");
        let file = |many| folder.path().join(if many { "many.sqlite" } else { "few.sqlite" });
        let open = |many| SqliteJobStore::open(file(many));
        measure(open, Server::none(), &options, &runtime, table)?;
    }
    if let Some(url) = options.server("postgres", POSTGRES) {
        let table = &mut table.of("PostgreSQL");
        let open = |many| PostgresJobStore::builder().url(&url).table_prefix(prefix(many)).build();
        measure(open, Server::at(&url), &options, &runtime, table)?;
    }
    if let Some(url) = options.server("mysql", MYSQL) {
        let table = &mut table.of("MariaDB");
        let open = |many| MySqlJobStore::builder().url(&url).table_prefix(prefix(many)).build();
        measure(open, Server::at(&url), &options, &runtime, table)?;
    }
    idle(&options, &runtime, &folder.path().join("idle.sqlite"), &mut table)?;
    print!("{table}");
    Ok(())
}

/// The last line: every store on a pool whose statements are counted.
fn idle(
    options: &Options,
    runtime: &Runtime,
    file: &Path,
    table: &mut Table,
) -> Result<(), Box<dyn Error>> {
    const ROW: &str = "statements per second while idle";
    // Pools want to know where they live.
    let _inside = runtime.enter();
    tracing::subscriber::set_global_default(idle::Counter)?;
    if options.wants("sqlite") {
        let connect = SqliteConnectOptions::new().filename(file).create_if_missing(true);
        let store = SqliteJobStore::builder().pool(SqlitePool::connect_lazy_with(connect)).build();
        table.of("SQLite").number(ROW, idle::statements(store?)?);
    }
    if let Some(url) = options.server("postgres", POSTGRES) {
        let store = PostgresJobStore::builder().pool(PgPool::connect_lazy(&url)?);
        let store = store.table_prefix("bench_idle_").build();
        table.of("PostgreSQL").number(ROW, idle::statements(store?)?);
    }
    if let Some(url) = options.server("mysql", MYSQL) {
        let store = MySqlJobStore::builder().pool(MySqlPool::connect_lazy(&url)?);
        let store = store.table_prefix("bench_idle_").build();
        table.of("MariaDB").number(ROW, idle::statements(store?)?);
    }
    Ok(())
}

/// What the names of the tables begin with.
fn prefix(many: bool) -> &'static str {
    if many { "bench_many_" } else { "bench_few_" }
}

/// All figures of one store. `open` opens it anew: the place for few jobs, or the one for many.
fn measure<S: JobStore + Clone>(
    open: impl Fn(bool) -> Result<S, StoreError>,
    server: Server,
    options: &Options,
    runtime: &Runtime,
    table: &mut Column<'_>,
) -> Result<(), Box<dyn Error>> {
    if options.idle {
        return Ok(());
    }
    let jobs = jobs::fill(open(false)?, FEW)?;
    table.duration("add a job", jobs.add);
    let claims = raw::claim_and_commit(open(false)?, runtime, options)?;
    table.rate("claim and commit, jobs/s", claims);
    let fires = |many, clock, history| fires::watch(open(many)?, clock, history, &server, options);
    let alone = fires(false, Ahead::by_nothing(), true)?;
    table.fires("10 thousand jobs, fires/s", &alone);
    let unrecorded = fires(false, Ahead::by_nothing(), false)?;
    table.fires("... without a history", &unrecorded);

    let jobs = jobs::fill(open(true)?, options.many())?;
    table.rate("add many at once, jobs/s", jobs.bulk);
    let among = fires(true, Ahead::by_nothing(), true)?;
    table.fires("the same among a million", &among);
    table.share("... of what it is without it", among.per_second / alone.per_second);
    table.duration("start with a million", start::until_first_run(|| open(true))?);
    table.fires("all the million due, fires/s", &fires(true, Ahead::by_a_day(), true)?);
    Ok(())
}
