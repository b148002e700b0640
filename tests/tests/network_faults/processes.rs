//! The processes of a trial.

use std::time::Duration;

use punctual::prelude::*;
use punctual_tests::process::Process;
use punctual_tests::worker_config::WorkerConfig;

use crate::held_message::{HeldMessage, HoldState};

const CHILD: &str = env!("CARGO_BIN_EXE_punctual-test-child");

/// The timeout for conditions that a trial waits for; long, since the machine may be busy.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Running child processes, by name.
#[derive(Default)]
pub(crate) struct Processes {
    processes: Vec<(String, Process)>,
    /// The lines of output, with the name of the process.
    output: Vec<(String, String)>,
}

impl Processes {
    /// Starts a process, which runs due jobs as soon as it is ready.
    pub(crate) fn start(&mut self, config: &WorkerConfig) {
        let mut process = Process::start(&mut config.command(CHILD));
        process.send_line("go");
        self.processes.push((config.name.clone(), process));
    }

    /// Sends a line to all processes.
    pub(crate) fn send_line(&mut self, line: &str) {
        self.processes.iter_mut().for_each(|(_, process)| process.send_line(line));
    }

    /// Kills a process.
    pub(crate) fn kill(&mut self, name: &str) {
        let index = self.processes.iter().position(|(known, _)| known == name);
        self.processes.swap_remove(index.expect("a process with that name")).1.kill();
    }

    /// Returns how many lines of a process have begun with `words` so far.
    pub(crate) fn count_lines(&self, name: &str, words: &str) -> usize {
        self.output.iter().filter(|(who, line)| who == name && line.starts_with(words)).count()
    }

    /// Returns how many lines of all processes have begun with `words` so far.
    pub(crate) fn count_all_lines(&self, words: &str) -> usize {
        self.output.iter().filter(|(_, line)| line.starts_with(words)).count()
    }

    /// Reads the output of all processes for this duration.
    pub(crate) fn read_output(&mut self, time: Duration) {
        let until = SystemClock.now().saturating_add(time);
        loop {
            for (name, process) in &mut self.processes {
                let left = until.saturating_since(SystemClock.now());
                let mut wait = left.min(Duration::from_millis(10));
                while let Some(line) = process.next_line_within(wait) {
                    self.output.push((name.clone(), line));
                    wait = Duration::ZERO;
                }
            }
            if SystemClock.now() >= until {
                return;
            }
        }
    }

    /// Reads output until `done` returns `true`.
    pub(crate) fn wait_until(&mut self, what: &str, mut done: impl FnMut(&Self) -> bool) {
        let started = SystemClock.now();
        while !done(self) {
            let waited = SystemClock.now().saturating_since(started);
            assert!(waited < TIMEOUT, "after {waited:?}: {what}; output: {:?}", self.output);
            self.read_output(Duration::from_millis(20));
        }
    }

    /// Waits until all processes are ready.
    pub(crate) fn wait_until_ready(&mut self) {
        let all = self.processes.len();
        self.wait_until("not all processes are ready", |processes| {
            processes.count_all_lines("ready") == all
        });
    }

    /// Waits until a process has claimed jobs; its next request that names them is delayed. The processes were started
    /// with `Failpoint::Claimed`: with some stores, the claim names the jobs, too.
    pub(crate) fn delay_commit(&mut self, hold: &HeldMessage) {
        self.wait_until("no process has claimed jobs", |processes| {
            processes.count_all_lines("halted") > 0
        });
        hold.advance_to(HoldState::Expected);
        self.send_line("on");
        self.wait_until("the commit was not delayed", |_| hold.has_reached(HoldState::Held));
    }

    /// Shuts all processes down and waits for them to exit with success.
    pub(crate) fn shut_down(&mut self) {
        for (name, process) in self.processes.drain(..) {
            let rest = process.shut_down().into_iter().map(|line| (name.clone(), line));
            self.output.extend(rest);
        }
    }
}
