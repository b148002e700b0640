//! CPU time: unlike wall-clock time, it does not increase while other programs use the processor.

use std::fs;
use std::path::Path;
use std::time::Duration;

use cpu_time::ProcessTime;
use punctual_backends::Backend;

/// The unit of `/proc/PID/stat`, independent of the kernel's timer frequency.
const TICK: Duration = Duration::from_millis(10);

/// The server of a store, if it runs on this machine.
pub(crate) struct Server {
    process: Option<u32>,
}

impl Server {
    /// Returns the server that `scripts/services` has started for a backend, if any.
    pub(crate) fn of(backend: &Backend) -> Self {
        let process = || {
            let folder = std::env::var_os("PUNCTUAL_SERVICES_DIR")?;
            let id = Path::new(&folder).join(backend.id()).join("id");
            fs::read_to_string(id).ok()?.trim_end().parse().ok()
        };
        Self { process: process() }
    }

    /// The CPU time of this process.
    pub(crate) fn this_process() -> Duration {
        ProcessTime::now().as_duration()
    }

    /// The CPU time of the server and its children.
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
    /// The CPU time of the process, and of its children that have terminated and been waited for.
    ticks: u32,
}

fn stat(process: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name before them may contain any character, including spaces and parentheses.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let number = |index: usize| fields.get(index)?.parse::<u32>().ok();
    let ticks = (11..15).map(number).sum::<Option<u32>>()?;
    Some(Stat { parent: number(1)?, ticks })
}
