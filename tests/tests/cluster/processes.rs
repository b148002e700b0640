//! The processes that share the database.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use punctual::prelude::*;
use punctual_tests::process::Process;
use punctual_tests::store::{StoreLocation, with_store};
use punctual_tests::worker_config::WorkerConfig;

pub(crate) const CHILD: &str = env!("CARGO_BIN_EXE_punctual-test-child");

/// The timeout for conditions that a test waits for; long, since the machine may be busy.
const TIMEOUT: Duration = Duration::from_secs(300);

/// Running child processes, by name.
#[derive(Default)]
pub(crate) struct Processes {
    processes: Vec<(String, Process)>,
    /// The number of output lines, by process and first word.
    line_counts: HashMap<(String, String), usize>,
    /// The processes whose store calls fail: which have reported a failure, and since then no recovery.
    failing: HashSet<String>,
    /// The time at which each suspended process was suspended.
    stopped: HashMap<String, Timestamp>,
    /// The longest delay of this process beyond its requested waits.
    late: Duration,
    events: ProcessEvents,
}

/// The processes that were killed or suspended, with times.
#[derive(Default)]
pub(crate) struct ProcessEvents {
    /// The time at which each killed process was killed.
    pub kill_times: HashMap<String, Timestamp>,
    /// The intervals in which processes were suspended, in the order in which they were resumed.
    pub suspensions: Vec<(String, Timestamp, Timestamp)>,
}

impl Processes {
    /// Starts a process, which runs due jobs as soon as it is ready.
    pub(crate) fn start(&mut self, config: &WorkerConfig) {
        self.start_idle(config);
        self.get(&config.name).send_line("go");
    }

    /// Starts a process, which runs no jobs before it receives `go`.
    pub(crate) fn start_idle(&mut self, config: &WorkerConfig) {
        self.processes.push((config.name.clone(), Process::start(&mut config.command(CHILD))));
    }

    pub(crate) fn get(&mut self, name: &str) -> &mut Process {
        let found = self.processes.iter_mut().find(|(known, _)| known == name);
        &mut found.expect("a process with that name").1
    }

    /// Sends a line to all processes.
    pub(crate) fn send_line(&mut self, line: &str) {
        self.processes.iter_mut().for_each(|(_, process)| process.send_line(line));
    }

    /// Kills a process and records the time.
    pub(crate) fn kill(&mut self, name: &str) {
        self.take(name).kill();
        self.events.kill_times.insert(name.to_owned(), SystemClock.now());
    }

    /// Suspends a process.
    pub(crate) fn suspend(&mut self, name: &str) {
        self.stopped.insert(name.to_owned(), SystemClock.now());
        self.get(name).suspend();
    }

    /// Resumes a process.
    pub(crate) fn resume(&mut self, name: &str) {
        self.get(name).resume();
        let since = self.stopped.remove(name).expect("a suspended process");
        self.events.suspensions.push((name.to_owned(), since, SystemClock.now()));
    }

    /// Shuts down a process and waits for it to exit with success.
    pub(crate) fn shut_down(&mut self, name: &str) {
        self.take(name).shut_down();
    }

    fn take(&mut self, name: &str) -> Process {
        let index = self.processes.iter().position(|(known, _)| known == name);
        self.processes.swap_remove(index.expect("a process with that name")).1
    }

    /// Reads the output of all processes for this duration.
    pub(crate) fn read_output(&mut self, time: Duration) {
        let until = SystemClock.now().saturating_add(time);
        loop {
            for (name, process) in &mut self.processes {
                let before = SystemClock.now();
                let most = until.saturating_since(before).min(Duration::from_millis(10));
                let mut wait = most;
                while let Some(line) = process.next_line_within(wait) {
                    let word = line.split(' ').next().unwrap_or_default();
                    *self.line_counts.entry((name.clone(), word.to_owned())).or_default() += 1;
                    match word {
                        "failed" => _ = self.failing.insert(name.clone()),
                        "recovered" => _ = self.failing.remove(name),
                        _ => {}
                    }
                    wait = Duration::ZERO;
                }
                let took = SystemClock.now().saturating_since(before);
                self.late = self.late.max(took.saturating_sub(most));
            }
            if SystemClock.now() >= until {
                return;
            }
        }
    }

    /// Returns how many lines of a process have begun with `word` so far.
    pub(crate) fn count_lines(&self, name: &str, word: &str) -> usize {
        self.line_counts.get(&(name.to_owned(), word.to_owned())).copied().unwrap_or(0)
    }

    /// Whether a process has reported a failure of its store, and since then no recovery.
    pub(crate) fn is_failing(&self, name: &str) -> bool {
        self.failing.contains(name)
    }

    /// Reads output until `done` returns `true`.
    pub(crate) fn wait_until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        let started = SystemClock.now();
        while !done(self) {
            let waited = SystemClock.now().saturating_since(started);
            assert!(
                waited < TIMEOUT,
                "after {waited:?}: {what}; lines of output: {:?}",
                self.line_counts
            );
            self.read_output(Duration::from_millis(50));
        }
    }

    /// Waits until no job is left, and shuts all processes down.
    pub(crate) fn finish(mut self, location: &StoreLocation) -> ClusterReport {
        let started = SystemClock.now();
        self.wait_for_store(location, |scheduler| {
            Ok(scheduler.get_jobs(JobQuery::new())?.is_empty().then_some(()))
        });
        let took = SystemClock.now().saturating_since(started);
        self.shut_down_all();
        ClusterReport { took, late: self.late, events: self.events }
    }

    /// Waits until no job is left and `end` returns a value, and shuts all processes down.
    pub(crate) fn finish_with<T>(
        mut self,
        location: &StoreLocation,
        end: impl Fn(&BackgroundScheduler) -> Result<Option<T>, SchedulerError>,
    ) -> (T, ProcessEvents) {
        let value = self.wait_for_store(location, |scheduler| {
            match scheduler.get_jobs(JobQuery::new())?.is_empty() {
                true => end(scheduler),
                false => Ok(None),
            }
        });
        self.shut_down_all();
        (value, self.events)
    }

    fn wait_for_store<T>(
        &mut self,
        location: &StoreLocation,
        end: impl Fn(&BackgroundScheduler) -> Result<Option<T>, SchedulerError>,
    ) -> T {
        let started = SystemClock.now();
        with_store(location.clone(), |scheduler| {
            loop {
                if let Some(value) = end(scheduler)? {
                    return Ok(value);
                }
                let waited = SystemClock.now().saturating_since(started);
                if waited >= TIMEOUT {
                    let jobs = scheduler.get_jobs(JobQuery::new())?;
                    let retries = scheduler.get_jobs(JobQuery::new().retries())?;
                    panic!("not ended after {waited:?}: {jobs:#?} {retries:#?}");
                }
                self.read_output(Duration::from_millis(100));
            }
        })
        .unwrap()
    }

    /// The shutdown comes before the checks, because duplicate runs may start until then.
    fn shut_down_all(&mut self) {
        self.processes.drain(..).for_each(|(_, process)| drop(process.shut_down()));
    }
}

/// The result of a cluster after all jobs have completed.
pub(crate) struct ClusterReport {
    pub took: Duration,
    /// The longest scheduling delay of the test process; the child processes may have been delayed as well.
    pub late: Duration,
    pub events: ProcessEvents,
}
