//! From the call of `add` with a job that is due now, to the start of its run.

use std::error::Error;
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use punctual::{BackgroundScheduler, task};

use super::Size;
use crate::jobs::ids;
use crate::measure::{now, quantile};
use crate::report::Report;

/// The time after which a run is lost.
const LIMIT: Duration = Duration::from_secs(5);

static STARTS: OnceLock<Sender<Instant>> = OnceLock::new();

#[task]
async fn start() {
    let started = now();
    if let Some(starts) = STARTS.get() {
        // Fails only after the measurement.
        let _ = starts.send(started);
    }
}

/// One job at a time, each after the run of the previous one has started.
pub(super) fn measure(size: &Size) -> Result<Report, Box<dyn Error>> {
    let (sender, starts) = channel();
    STARTS.get_or_init(|| sender);
    let scheduler = BackgroundScheduler::builder().timezone("UTC").start()?;
    let mut latencies = Vec::with_capacity(size.jobs);
    for id in ids("job", size.jobs) {
        let called = now();
        scheduler.job(start()).id(id).add()?;
        latencies.push(starts.recv_timeout(LIMIT)?.duration_since(called).as_secs_f64() * 1e3);
    }
    scheduler.shutdown()?;
    latencies.sort_by(f64::total_cmp);
    Ok(Report::default()
        .with("p50, ms", quantile(&latencies, 0.5))
        .with("p99, ms", quantile(&latencies, 0.99)))
}
