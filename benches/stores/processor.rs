//! Processor time: unlike the time on the wall it does not grow while other programs have the processor.

use std::fs;
use std::path::Path;
use std::time::Duration;

use cpu_time::ProcessTime;
use punctual_backends::Backend;

/// The kernel counts in hundredths of a second, whatever its clock does.
const TICK: Duration = Duration::from_millis(10);

/// The server behind a store, if it has one on this machine.
pub(crate) struct Server {
    process: Option<u32>,
}

impl Server {
    /// The one that `scripts/services` has started for a backend, if it has.
    pub(crate) fn of(backend: &Backend) -> Self {
        let process = || {
            let folder = std::env::var_os("PUNCTUAL_SERVICES_DIR")?;
            let id = Path::new(&folder).join(backend.word()).join("id");
            fs::read_to_string(id).ok()?.trim_end().parse().ok()
        };
        Self { process: process() }
    }

    /// What this process has used.
    pub(crate) fn this_process() -> Duration {
        ProcessTime::now().as_duration()
    }

    /// What the server and its children have used.
    pub(crate) fn used(&self) -> Option<Duration> {
        let server = stat(self.process?)?;
        let children =
            processes().filter_map(stat).filter(|child| Some(child.parent) == self.process);
        let ticks: u32 = server.ticks + children.map(|child| child.ticks).sum::<u32>();
        Some(TICK * ticks)
    }
}

fn processes() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

struct Stat {
    parent: u32,
    /// Of the process, and of those of its children that have ended.
    ticks: u32,
}

fn stat(process: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name in front may hold anything, also spaces and brackets.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |index: usize| fields.get(index)?.parse::<u32>().ok();
    let ticks = (11..15).map(number).sum::<Option<u32>>()?;
    Some(Stat { parent: number(1)?, ticks })
}
