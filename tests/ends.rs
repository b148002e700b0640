//! Which ends of runs schedulers tell of: a line for each event.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::str::FromStr;

use punctual::core::{Event, EventMask};
use punctual::{RunEvent, Timestamp};

/// The events that end a run.
#[must_use]
pub fn of_runs() -> EventMask {
    EventMask::JOB_EXECUTED | EventMask::JOB_ERROR | EventMask::JOB_MISSED
}

/// A file to which all processes of a test append, a line with one write.
#[derive(Debug)]
pub struct Ends {
    file: File,
    process: String,
}

/// A line of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// Which process was told,
    pub process: String,
    /// about which job,
    pub job: String,
    /// and its run for which time; the first, if the event is about several that were missed.
    pub scheduled: Timestamp,
    /// The run and its attempt, if it has become one: a run time that was skipped has not.
    pub run: Option<(String, u32)>,
    /// How it ended, such as `success`.
    pub outcome: String,
}

impl Ends {
    /// Opens a process's file.
    ///
    /// # Panics
    ///
    /// When it can't be opened.
    #[must_use]
    pub fn open(path: &Path, process: &str) -> Self {
        let file = OpenOptions::new().append(true).create(true).open(path);
        Self { file: file.expect("the file of ends"), process: process.into() }
    }

    /// Writes a line about such an event.
    ///
    /// # Panics
    ///
    /// When it can't be written.
    pub fn note(&self, event: &Event) {
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
        assert_eq!(written.expect("the file of ends"), line.len());
    }
}

/// All lines, in order; none if nobody has been told of any end.
///
/// # Panics
///
/// When a line is wrong.
#[must_use]
pub fn read(path: &Path) -> Vec<End> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().map(|line| line.parse().expect("a line of the ends")).collect()
}

impl FromStr for End {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let wrong = || format!("not a line of the ends: {line:?}");
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
