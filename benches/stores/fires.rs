//! A scheduler that has more to do than it can, end to end.

use std::error::Error;
use std::sync::atomic::Ordering;
use std::time::Duration;

use punctual::{BackgroundScheduler, HistoryOptions, IntoJobStore};

use crate::clock::Ahead;
use crate::jobs::{FIRED, count};
use crate::measure::stopwatch;
use crate::options::Options;
use crate::processor::Server;

/// What was seen.
pub(crate) struct Fires {
    pub(crate) per_second: f64,
    /// Processor time for each fire: of this process, and of the server.
    pub(crate) ours: Duration,
    pub(crate) servers: Option<Duration>,
}

pub(crate) fn watch(
    store: impl IntoJobStore,
    clock: Ahead,
    history: bool,
    server: &Server,
    options: &Options,
) -> Result<Fires, Box<dyn Error>> {
    let builder = BackgroundScheduler::builder().job_store("default", store).clock(clock);
    let builder = match history {
        // As it is if nobody says anything: on, where processes share the store.
        true => builder,
        false => builder.history(HistoryOptions::off()),
    };
    let scheduler = builder.task(count).start()?;
    // Caches are empty and servers have yet to plan: that is told by the time that a start takes.
    wait(options.patience() / 4);
    let (begun, fired) = (stopwatch(), FIRED.load(Ordering::Relaxed));
    let (ours, servers) = (Server::this_process(), server.used());
    wait(options.patience());
    let fired = (FIRED.load(Ordering::Relaxed) - fired).max(1) as f64;
    let per_second = fired / begun.elapsed().as_secs_f64();
    let ours = (Server::this_process() - ours).div_f64(fired);
    let servers = server.used().zip(servers).map(|(after, before)| (after - before).div_f64(fired));
    scheduler.shutdown()?;
    Ok(Fires { per_second, ours, servers })
}

#[expect(clippy::disallowed_methods, reason = "the schedulers work meanwhile")]
pub(crate) fn wait(time: Duration) {
    std::thread::sleep(time);
}
