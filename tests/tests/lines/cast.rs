//! The processes of a trial.

use std::time::Duration;

use punctual::prelude::*;
use punctual_tests::process::Process;
use punctual_tests::role::Role;

const CHILD: &str = env!("CARGO_BIN_EXE_punctual-test-child");

/// The timeout for conditions that a trial waits for; long, since the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// Running child processes, by name.
#[derive(Default)]
pub(crate) struct Cast {
    processes: Vec<(String, Process)>,
    /// The lines of output, with the name of the process.
    said: Vec<(String, String)>,
}

impl Cast {
    /// Starts a process, which runs due jobs as soon as it is ready.
    pub(crate) fn start(&mut self, role: &Role) {
        let mut process = Process::start(&mut role.command(CHILD));
        process.tell("go");
        self.processes.push((role.name.clone(), process));
    }

    /// Sends a line to all processes.
    pub(crate) fn tell(&mut self, line: &str) {
        self.processes.iter_mut().for_each(|(_, process)| process.tell(line));
    }

    /// Kills a process.
    pub(crate) fn kill(&mut self, name: &str) {
        let index = self.processes.iter().position(|(known, _)| known == name);
        self.processes.swap_remove(index.expect("a process with that name")).1.kill();
    }

    /// Returns how many lines of a process have begun with `words` so far.
    pub(crate) fn said(&self, name: &str, words: &str) -> usize {
        self.said.iter().filter(|(who, line)| who == name && line.starts_with(words)).count()
    }

    /// Returns how many lines of all processes have begun with `words` so far.
    pub(crate) fn all_said(&self, words: &str) -> usize {
        self.said.iter().filter(|(_, line)| line.starts_with(words)).count()
    }

    /// Reads the output of all processes for this duration.
    pub(crate) fn listen(&mut self, time: Duration) {
        let until = SystemClock.now().saturating_add(time);
        loop {
            for (name, process) in &mut self.processes {
                let left = until.saturating_since(SystemClock.now());
                let mut wait = left.min(Duration::from_millis(10));
                while let Some(line) = process.line_within(wait) {
                    self.said.push((name.clone(), line));
                    wait = Duration::ZERO;
                }
            }
            if SystemClock.now() >= until {
                return;
            }
        }
    }

    /// Reads output until `done` returns `true`.
    pub(crate) fn until(&mut self, what: &str, mut done: impl FnMut(&Self) -> bool) {
        let started = SystemClock.now();
        while !done(self) {
            let waited = SystemClock.now().saturating_since(started);
            assert!(waited < PATIENCE, "after {waited:?}: {what}; output: {:?}", self.said);
            self.listen(Duration::from_millis(20));
        }
    }

    /// Waits until all processes are ready.
    pub(crate) fn until_ready(&mut self) {
        let all = self.processes.len();
        self.until("not all processes are ready", |cast| cast.all_said("ready") == all);
    }

    /// Shuts all processes down and waits for them to exit with success.
    pub(crate) fn end(&mut self) {
        for (name, process) in self.processes.drain(..) {
            let rest = process.end().into_iter().map(|line| (name.clone(), line));
            self.said.extend(rest);
        }
    }
}
