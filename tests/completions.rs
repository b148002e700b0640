//! A log of the events that end runs: one line per event.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::str::FromStr;

use punctual::{Event, EventMask, RunEvent, Timestamp};

/// The events that end a run.
#[must_use]
pub fn event_mask() -> EventMask {
    EventMask::JOB_EXECUTED | EventMask::JOB_ERROR | EventMask::JOB_MISSED
}

/// A log file that is shared by all processes of a test; each line is appended with one write.
#[derive(Debug)]
pub struct CompletionLog {
    file: File,
    process: String,
}

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The process that emitted the event.
    pub process: String,
    /// The job.
    pub job: String,
    /// The scheduled time of the run; the first one if the event covers several skipped fire times.
    pub scheduled: Timestamp,
    /// The id and the attempt of the run; `None` for a fire time that was skipped before it became a run.
    pub run: Option<(String, u32)>,
    /// The outcome, such as `success`.
    pub outcome: String,
}

impl CompletionLog {
    /// Opens the log for a process.
    ///
    /// # Panics
    ///
    /// Panics if it can't be opened.
    #[must_use]
    pub fn open(path: &Path, process: &str) -> Self {
        let file = OpenOptions::new().append(true).create(true).open(path);
        Self { file: file.expect("the completion log"), process: process.into() }
    }

    /// Appends a line about an event that ends a run; other events are ignored.
    ///
    /// # Panics
    ///
    /// Panics if it can't be written.
    pub fn append(&self, event: &Event) {
        let (job, scheduled, run, outcome) = match event {
            Event::JobExecuted(run) | Event::JobError(run) => {
                let RunEvent { job, scheduled_time, run_id, attempt, outcome, .. } = run;
                let outcome = outcome.as_ref().expect("an outcome").kind().name();
                (&job.job_id, scheduled_time, format!("{run_id} {attempt}"), outcome)
            }
            Event::JobMissed(skipped) => {
                (&skipped.job.job_id, &skipped.first, "- 0".into(), "missed")
            }
            _ => return,
        };
        let scheduled = scheduled.as_micros();
        let line = format!("{} {job} {scheduled} {run} {outcome}\n", self.process);
        let written = (&self.file).write(line.as_bytes());
        assert_eq!(written.expect("the completion log"), line.len());
    }
}

/// Returns all lines, in order; empty if the file does not exist.
///
/// # Panics
///
/// Panics if a line is invalid.
#[must_use]
pub fn read(path: &Path) -> Vec<Completion> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().map(|line| line.parse().expect("a line of the completion log")).collect()
}

impl FromStr for Completion {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let wrong = || format!("not a line of the completion log: {line:?}");
        let words: Vec<_> = line.split(' ').collect();
        let [process, job, scheduled, run, attempt, outcome] = words[..] else {
            return Err(wrong());
        };
        let attempt = attempt.parse().map_err(|_| wrong())?;
        Ok(Self {
            process: process.into(),
            job: job.into(),
            scheduled: scheduled.parse().map(Timestamp::from_micros).map_err(|_| wrong())?,
            run: (run != "-").then(|| (run.to_owned(), attempt)),
            outcome: outcome.into(),
        })
    }
}
