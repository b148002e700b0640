//! How quick the stores are, each with the same jobs: a column for each.
//!
//! `scripts/bench stores` runs this, with throw-away servers that wait for their disk as those of users do.
//! A backend whose server no variable names (`PUNCTUAL_TEST_NAME_URL`, of its word) has no column.

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

use punctual::core::{DynJobStore, StoreError};
use punctual_backends::Backend;
use tokio::runtime::Runtime;

use self::clock::Ahead;
use self::options::Options;
use self::processor::Server;
use self::store::Place;
use self::table::{Column, Table};

/// How many jobs are due all the time.
const FEW: usize = 10_000;

#[expect(clippy::print_stdout, reason = "the table is what it is run for")]
fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::from_args();
    let runtime = Runtime::new()?;
    let folder = tempfile::tempdir()?;
    let mut table = Table::default();
    for backend in Backend::all().iter().filter(|backend| options.wants(backend.word())) {
        let Some(place) = Place::of(backend, folder.path())? else { continue };
        let server = Server::of(backend);
        measure(
            |many| place.open(many),
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

/// All figures of one store. `open` opens it anew: the place for few jobs, or the one for many.
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
    let jobs = jobs::fill(open(false)?, FEW)?;
    table.duration("add a job", jobs.add);
    let claims = raw::claim_and_commit(&*open(false)?, runtime, options)?;
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
