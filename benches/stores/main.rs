//! The performance of the stores with the same jobs; each store is a column of the table.
//!
//! `scripts/bench stores` runs this with temporary servers that sync to the disk, as in production. A backend on a server
//! has no column if its variable `PUNCTUAL_TEST_NAME_URL` is not set.

mod clock;
mod fires;
mod idle;
mod jobs;
mod measure;
mod options;
mod processor;
mod raw;
mod start;
mod store;
mod table;

use std::error::Error;
use std::sync::Arc;

use punctual::{DynJobStore, StoreError};
use punctual_backends::Backend;
use tokio::runtime::Runtime;

use self::clock::OffsetClock;
use self::options::Options;
use self::processor::Server;
use self::store::BenchStores;
use self::table::{Column, Table};

/// The number of jobs that are always due.
const ACTIVE_JOBS: usize = 10_000;

#[expect(clippy::print_stdout, reason = "prints the table")]
fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::from_args();
    let runtime = Runtime::new()?;
    let folder = tempfile::tempdir()?;
    let mut table = Table::default();
    for backend in Backend::all().iter().filter(|backend| options.wants(backend.id())) {
        let Some(stores) = BenchStores::of(backend, folder.path())? else { continue };
        let server = Server::of(backend);
        measure(
            |many| stores.open(many),
            server,
            &options,
            &runtime,
            &mut table.of(backend.name()),
        )?;
    }
    idle::measure(&options, &runtime, folder.path(), &mut table)?;
    print!("{table}");
    Ok(())
}

/// Measures one store. `open` returns the store for few jobs (`false`) or for many (`true`).
fn measure(
    open: impl Fn(bool) -> Result<Arc<dyn DynJobStore>, StoreError>,
    server: Server,
    options: &Options,
    runtime: &Runtime,
    table: &mut Column<'_>,
) -> Result<(), Box<dyn Error>> {
    if options.idle {
        return Ok(());
    }
    let jobs = jobs::fill(open(false)?, ACTIVE_JOBS)?;
    table.duration("add a job", jobs.add);
    let claims = raw::claim_and_commit(&*open(false)?, runtime, options)?;
    table.rate("claim and commit, jobs/s", claims);
    let fires =
        |many, clock, history| fires::measure(open(many)?, clock, history, &server, options);
    let alone = fires(false, OffsetClock::zero(), true)?;
    table.fires("10 thousand jobs, fires/s", &alone);
    let unrecorded = fires(false, OffsetClock::zero(), false)?;
    table.fires("... without a history", &unrecorded);

    let jobs = jobs::fill(open(true)?, options.many())?;
    table.rate("bulk add, jobs/s", jobs.bulk);
    let among = fires(true, OffsetClock::zero(), true)?;
    table.fires("10 thousand of a million, fires/s", &among);
    table.share("... relative to 10 thousand jobs", among.per_second / alone.per_second);
    table.duration("start with a million jobs", start::until_first_run(|| open(true))?);
    table.fires("a million due jobs, fires/s", &fires(true, OffsetClock::by_a_day(), true)?);
    Ok(())
}
