//! Clocks: wall-clock time, CPU time, and the memory of this process.

use std::error::Error;
use std::fs;
use std::time::{Duration, Instant, SystemTime};

use cpu_time::ProcessTime;

#[expect(clippy::disallowed_methods, reason = "a benchmark measures durations")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The time since the Unix epoch.
#[expect(clippy::disallowed_methods, reason = "lateness is measured with the clock of the machine")]
pub(crate) fn wall_clock() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

/// Blocks while the scheduler is measured.
#[expect(
    clippy::disallowed_methods,
    reason = "the measured duration; the scheduler works meanwhile"
)]
pub(crate) fn wait(duration: Duration) {
    std::thread::sleep(duration);
}

/// Measures the time and the CPU time from its creation on.
pub(crate) struct Stopwatch {
    pub(crate) started: Instant,
    processor: ProcessTime,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self { started: now(), processor: ProcessTime::now() }
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// The CPU time of all threads of this process.
    pub(crate) fn processor(&self) -> Duration {
        self.processor.elapsed()
    }
}

/// Returns a field of `/proc/self/status` in bytes: `VmRSS` is the resident memory, `VmHWM` its maximum.
pub(crate) fn memory(field: &str) -> Result<f64, Box<dyn Error>> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    let kib = kib.ok_or_else(|| format!("/proc/self/status has no size {field}"))?;
    Ok((kib * 1024) as f64)
}

/// Returns the value below which a share of sorted values lies.
///
/// # Panics
///
/// Panics if there are no values.
pub(crate) fn quantile<T: Copy>(sorted: &[T], share: f64) -> T {
    let index = (sorted.len() as f64 * share) as usize;
    sorted[index.min(sorted.len() - 1)]
}
