//! The processes that share the database.

use std::collections::HashMap;
use std::time::Duration;

use punctual::prelude::*;
use punctual_tests::process::Process;
use punctual_tests::role::Role;
use punctual_tests::store::{Place, with_store};

pub(crate) const CHILD: &str = env!("CARGO_BIN_EXE_punctual-test-child");

/// How long a test waits for what must happen some time, on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(300);

/// Processes, by name.
#[derive(Default)]
pub(crate) struct Crew {
    processes: Vec<(String, Process)>,
    /// What they have said: how often, by process and word.
    said: HashMap<(String, String), usize>,
    /// Since when those are stopped that are.
    stopped: HashMap<String, Timestamp>,
    /// The longest that this process was held up while it listened.
    late: Duration,
    fates: Fates,
}

/// What became of processes other than that they ended by themselves.
#[derive(Default)]
pub(crate) struct Fates {
    /// When those died that were killed.
    pub deaths: HashMap<String, Timestamp>,
    /// From when until when those were stopped that were, in the order in which they went on.
    pub stops: Vec<(String, Timestamp, Timestamp)>,
}

impl Crew {
    /// Starts a process, which runs what is due as soon as it can.
    pub(crate) fn start(&mut self, role: &Role) {
        self.start_waiting(role);
        self.get(&role.name).tell("go");
    }

    /// Starts a process, which runs nothing before it is told to `go`.
    pub(crate) fn start_waiting(&mut self, role: &Role) {
        self.processes.push((role.name.clone(), Process::start(&mut role.command(CHILD))));
    }

    pub(crate) fn get(&mut self, name: &str) -> &mut Process {
        let found = self.processes.iter_mut().find(|(known, _)| known == name);
        &mut found.expect("a process of that name").1
    }

    /// Tells all the same.
    pub(crate) fn tell(&mut self, line: &str) {
        self.processes.iter_mut().for_each(|(_, process)| process.tell(line));
    }

    /// Kills a process and notes when.
    pub(crate) fn kill(&mut self, name: &str) {
        self.take(name).kill();
        self.fates.deaths.insert(name.to_owned(), SystemClock.now());
    }

    /// Stops a process where it is.
    pub(crate) fn suspend(&mut self, name: &str) {
        self.stopped.insert(name.to_owned(), SystemClock.now());
        self.get(name).suspend();
    }

    /// Lets it go on.
    pub(crate) fn resume(&mut self, name: &str) {
        self.get(name).resume();
        let since = self.stopped.remove(name).expect("a process that was stopped");
        self.fates.stops.push((name.to_owned(), since, SystemClock.now()));
    }

    /// Closes a process's input and waits for it to end well.
    pub(crate) fn end(&mut self, name: &str) {
        self.take(name).end();
    }

    fn take(&mut self, name: &str) -> Process {
        let index = self.processes.iter().position(|(known, _)| known == name);
        self.processes.swap_remove(index.expect("a process of that name")).1
    }

    /// Listens to what they say for so long.
    pub(crate) fn listen(&mut self, time: Duration) {
        let until = SystemClock.now().saturating_add(time);
        loop {
            for (name, process) in &mut self.processes {
                let asked = SystemClock.now();
                let most = until.saturating_since(asked).min(Duration::from_millis(10));
                let mut wait = most;
                while let Some(line) = process.line_within(wait) {
                    let word = line.split(' ').next().unwrap_or_default();
                    *self.said.entry((name.clone(), word.to_owned())).or_default() += 1;
                    wait = Duration::ZERO;
                }
                let took = SystemClock.now().saturating_since(asked);
                self.late = self.late.max(took.saturating_sub(most));
            }
            if SystemClock.now() >= until {
                return;
            }
        }
    }

    /// How often a process has said the word, as far as it has been listened to.
    pub(crate) fn said(&self, name: &str, word: &str) -> usize {
        self.said.get(&(name.to_owned(), word.to_owned())).copied().unwrap_or(0)
    }

    /// Listens until `done`.
    pub(crate) fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        let started = SystemClock.now();
        while !done(self) {
            let waited = SystemClock.now().saturating_since(started);
            assert!(waited < PATIENCE, "after {waited:?}: {what}; they said {:?}", self.said);
            self.listen(Duration::from_millis(50));
        }
    }

    /// Waits until no job is left; answers how long it took.
    pub(crate) fn finish(mut self, place: &Place) -> Finished {
        let started = SystemClock.now();
        with_store(place.clone(), |scheduler| {
            loop {
                let left = scheduler.get_jobs(JobQuery::new())?;
                let waited = SystemClock.now().saturating_since(started);
                if left.is_empty() {
                    return Ok(());
                }
                assert!(waited < PATIENCE, "after {waited:?} {} are left: {left:#?}", left.len());
                self.listen(Duration::from_millis(100));
            }
        })
        .unwrap();
        let took = SystemClock.now().saturating_since(started);
        // What one of them does too often, it does until it has ended.
        self.processes.into_iter().for_each(|(_, process)| drop(process.end()));
        Finished { took, late: self.late, fates: self.fates }
    }
}

/// What is left of a crew when all is done.
pub(crate) struct Finished {
    pub took: Duration,
    /// The longest that the machine held up the one who listened, and with him perhaps everybody.
    pub late: Duration,
    pub fates: Fates,
}
