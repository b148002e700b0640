//! The run log: one line per start and one line per completion of a run.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::str::FromStr;

use punctual::{Clock, JobContext, SystemClock, Timestamp};

/// A log file that is shared by all processes of a test.
///
/// Each line is appended with one write: a process that is killed has either written a line completely or not at all.
/// Each line is also printed to stdout afterwards, where the test waits for it.
#[derive(Debug)]
pub struct Journal {
    file: File,
    process: String,
}

/// The phase of a run that an entry records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunPhase {
    /// The run started.
    Started,
    /// The run finished.
    Finished,
}

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Whether the run started or finished.
    pub phase: RunPhase,
    /// The process that executed the run.
    pub process: String,
    /// The job.
    pub job: String,
    /// The scheduled time of the run.
    pub scheduled: Timestamp,
    /// The id of the run.
    pub run: String,
    /// The attempt.
    pub attempt: u32,
    /// The time of the event.
    pub at: Timestamp,
}

impl Journal {
    /// Opens the log for a process.
    ///
    /// # Panics
    ///
    /// Panics if the file can't be opened.
    #[must_use]
    pub fn open(path: &Path, process: &str) -> Self {
        let file = OpenOptions::new().append(true).create(true).open(path);
        Self { file: file.expect("the journal"), process: process.into() }
    }

    /// Appends a line.
    ///
    /// # Panics
    ///
    /// Panics if it can't be written.
    pub fn append(&self, phase: RunPhase, run: &JobContext) {
        let line = format!(
            "{} {} {} {} {} {} {}\n",
            match phase {
                RunPhase::Started => "begin",
                RunPhase::Finished => "end",
            },
            self.process,
            run.job_id(),
            run.scheduled_time().as_micros(),
            run.run_id(),
            run.attempt(),
            SystemClock.now().as_micros(),
        );
        let written = (&self.file).write(line.as_bytes());
        assert_eq!(written.expect("the journal"), line.len());
        // Fails if the test no longer reads the output.
        let _ = std::io::stdout().write_all(line.as_bytes());
    }
}

/// Returns all lines, in the order of their times. A process may be suspended after it has read the clock and before it
/// has written the line, so lines may be out of order.
///
/// # Panics
///
/// Panics if the log does not exist or contains an invalid line.
#[must_use]
pub fn read(path: &Path) -> Vec<Entry> {
    let text = std::fs::read_to_string(path).expect("the journal");
    let mut entries: Vec<Entry> =
        text.lines().map(|line| line.parse().expect("a line of the journal")).collect();
    entries.sort_by_key(|entry| entry.at);
    entries
}

impl FromStr for Entry {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let wrong = || format!("not a line of the journal: {line:?}");
        let words: Vec<_> = line.split(' ').collect();
        let [phase, process, job, scheduled, run, attempt, at] = words[..] else {
            return Err(wrong());
        };
        let instant = |text: &str| text.parse().map(Timestamp::from_micros).map_err(|_| wrong());
        Ok(Self {
            phase: match phase {
                "begin" => RunPhase::Started,
                "end" => RunPhase::Finished,
                _ => return Err(wrong()),
            },
            process: process.into(),
            job: job.into(),
            scheduled: instant(scheduled)?,
            run: run.into(),
            attempt: attempt.parse().map_err(|_| wrong())?,
            at: instant(at)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_in_the_order_of_their_times() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("journal");
        // The process of the second line was suspended before it wrote the line.
        let text = "begin bob job 5 run 2 20\nbegin ann job 5 run 1 10\nend bob job 5 run 2 30\n";
        std::fs::write(&path, text).expect("the journal");
        let times: Vec<_> = read(&path).iter().map(|entry| entry.at.as_micros()).collect();
        assert_eq!(times, [10, 20, 30]);
    }
}
