//! What runs write down: a line when they begin and a line when they end.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::str::FromStr;

use punctual::{Clock, JobContext, SystemClock, Timestamp};

/// A file to which all processes of a test append.
///
/// A line is one write, so a process that is killed has written it or has not, and all lines are in the
/// order in which things happened. After the file a line also goes to standard output, where the test
/// waits for it.
#[derive(Debug)]
pub struct Journal {
    file: File,
    process: String,
}

/// What happened to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It began.
    Begin,
    /// It came to its end.
    End,
}

/// A line of the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What happened,
    pub mark: Mark,
    /// in which process,
    pub process: String,
    /// to a run of which job,
    pub job: String,
    /// for which time,
    pub scheduled: Timestamp,
    /// with which id,
    pub run: String,
    /// in which attempt,
    pub attempt: u32,
    /// and when.
    pub at: Timestamp,
}

impl Journal {
    /// Opens a process's journal.
    ///
    /// # Panics
    ///
    /// When the file can't be opened.
    #[must_use]
    pub fn open(path: &Path, process: &str) -> Self {
        let file = OpenOptions::new().append(true).create(true).open(path);
        Self { file: file.expect("the journal"), process: process.into() }
    }

    /// Writes a line.
    ///
    /// # Panics
    ///
    /// When it can't be written.
    pub fn note(&self, mark: Mark, run: &JobContext) {
        let line = format!(
            "{} {} {} {} {} {} {}\n",
            match mark {
                Mark::Begin => "begin",
                Mark::End => "end",
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
        // The test has stopped listening, perhaps.
        let _ = std::io::stdout().write_all(line.as_bytes());
    }
}

/// All lines, in order.
///
/// # Panics
///
/// When there is no journal or it has a wrong line.
#[must_use]
pub fn read(path: &Path) -> Vec<Entry> {
    let text = std::fs::read_to_string(path).expect("the journal");
    text.lines().map(|line| line.parse().expect("a line of the journal")).collect()
}

impl FromStr for Entry {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let wrong = || format!("not a line of the journal: {line:?}");
        let words: Vec<_> = line.split(' ').collect();
        let [mark, process, job, scheduled, run, attempt, at] = words[..] else {
            return Err(wrong());
        };
        let instant = |text: &str| text.parse().map(Timestamp::from_micros).map_err(|_| wrong());
        Ok(Self {
            mark: match mark {
                "begin" => Mark::Begin,
                "end" => Mark::End,
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
