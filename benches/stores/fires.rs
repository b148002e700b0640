//! The throughput of a scheduler with more due jobs than it can run, end to end.

use std::error::Error;
use std::sync::atomic::Ordering;
use std::time::Duration;

use punctual::{BackgroundScheduler, HistoryOptions, IntoJobStore};

use crate::clock::OffsetClock;
use crate::jobs::{FIRED, count};
use crate::measure::stopwatch;
use crate::options::Options;
use crate::processor::Server;

pub(crate) struct Fires {
    pub(crate) per_second: f64,
    /// CPU time per run, of this process and of the server.
    pub(crate) program_cpu: Duration,
    pub(crate) server_cpu: Option<Duration>,
}

pub(crate) fn measure(
    store: impl IntoJobStore,
    clock: OffsetClock,
    history: bool,
    server: &Server,
    options: &Options,
) -> Result<Fires, Box<dyn Error>> {
    let builder = BackgroundScheduler::builder().job_store("default", store).clock(clock);
    let builder = match history {
        // The default: enabled for shared stores.
        true => builder,
        false => builder.history(HistoryOptions::disabled()),
    };
    let scheduler = builder.task(count).start()?;
    // Warm-up: fills caches, and servers plan their queries. The time of a start is measured separately.
    wait(options.duration() / 4);
    let (started, fired) = (stopwatch(), FIRED.load(Ordering::Relaxed));
    let (program_cpu, server_cpu) = (Server::this_process(), server.used());
    wait(options.duration());
    let fired = (FIRED.load(Ordering::Relaxed) - fired).max(1) as f64;
    let per_second = fired / started.elapsed().as_secs_f64();
    let program_cpu = (Server::this_process() - program_cpu).div_f64(fired);
    let server_cpu =
        server.used().zip(server_cpu).map(|(after, before)| (after - before).div_f64(fired));
    scheduler.shutdown()?;
    Ok(Fires { per_second, program_cpu, server_cpu })
}

#[expect(clippy::disallowed_methods, reason = "the schedulers work meanwhile")]
pub(crate) fn wait(time: Duration) {
    std::thread::sleep(time);
}
