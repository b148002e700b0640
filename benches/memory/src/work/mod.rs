//! The kinds of work, each of which is measured in its own process.

mod add;
mod dispatch;
mod floors;
mod growth;
mod idle;
mod latency;
mod lateness;
mod resident;

use std::error::Error;

use crate::args::Args;
use crate::report::Report;

/// How much of the work is done.
pub(crate) struct Size {
    /// The number of jobs that are added or run.
    pub(crate) jobs: usize,
    /// The number of jobs that are stored besides them.
    pub(crate) stored: usize,
    pub(crate) seconds: u64,
}

type Work = fn(&Size) -> Result<Report, Box<dyn Error>>;

const WORKS: [(&str, Work); 13] = [
    ("floors", floors::measure),
    ("add", add::background),
    ("add-async", add::asynchronous),
    ("add-jobs", add::at_once),
    ("resident", resident::one_by_one),
    ("resident-batches", resident::batches),
    ("dispatch", dispatch::tokio),
    ("dispatch-threads", dispatch::threads),
    ("lateness", lateness::spread),
    ("burst", lateness::burst),
    ("idle", idle::measure),
    ("latency", latency::measure),
    ("growth", growth::measure),
];

pub(crate) fn find(name: &str) -> Result<Work, Box<dyn Error>> {
    let found = WORKS.iter().find(|(known, _)| *known == name);
    found.map(|(_, work)| *work).ok_or_else(|| {
        let known: Vec<_> = WORKS.iter().map(|(known, _)| *known).collect();
        format!("unknown work {name}; known are {}", known.join(", ")).into()
    })
}

impl Size {
    pub(crate) fn from_args(args: &Args) -> Result<Self, Box<dyn Error>> {
        let size = Self {
            jobs: args.number("jobs")?.unwrap_or(10_000),
            stored: args.number("stored")?.unwrap_or(1_000),
            seconds: args.number("seconds")?.unwrap_or(10),
        };
        if size.jobs == 0 || size.jobs > 1_000_000 || size.seconds == 0 {
            return Err("--jobs must be 1 to 1000000, and --seconds at least 1".into());
        }
        Ok(size)
    }
}
