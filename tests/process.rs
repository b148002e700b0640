//! A child process, and what it says.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How long a test waits for something that should happen soon.
const PATIENCE: Duration = Duration::from_secs(60);

/// A child process; killed when dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    lines: Receiver<String>,
    reader: Option<JoinHandle<()>>,
    /// What it has said so far, for the message when something goes wrong.
    heard: Vec<String>,
}

impl Process {
    /// Starts it.
    ///
    /// # Panics
    ///
    /// When it can't be started.
    pub fn start(command: &mut Command) -> Self {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the child process");
        let output = child.stdout.take().expect("its output");
        let (said, lines) = channel();
        let reader = thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if said.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, lines, reader: Some(reader), heard: Vec::new() }
    }

    /// Writes it a line.
    ///
    /// # Panics
    ///
    /// When it has gone.
    pub fn tell(&mut self, line: &str) {
        let input = self.child.stdin.as_mut().expect("its input");
        writeln!(input, "{line}").expect("to be heard");
    }

    /// The next line that it says within this time; none if it says nothing.
    ///
    /// # Panics
    ///
    /// When it has ended.
    pub fn line_within(&mut self, time: Duration) -> Option<String> {
        match self.lines.recv_timeout(time) {
            Ok(line) => {
                self.heard.push(line.clone());
                Some(line)
            }
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => self.give_up("it has ended"),
        }
    }

    /// The next line that it says.
    ///
    /// # Panics
    ///
    /// When none comes.
    pub fn line(&mut self) -> String {
        self.line_within(PATIENCE).unwrap_or_else(|| self.give_up("nothing came"))
    }

    /// The next line that `is_it`.
    ///
    /// # Panics
    ///
    /// When none comes.
    pub fn line_that(&mut self, is_it: impl Fn(&str) -> bool) -> String {
        loop {
            let line = self.line();
            if is_it(&line) {
                return line;
            }
        }
    }

    /// Kills it, as the kernel does when memory runs out: no code of its own runs any more.
    ///
    /// # Panics
    ///
    /// When it can't be killed.
    pub fn kill(mut self) {
        self.child.kill().expect("to kill it");
        self.child.wait().expect("its end");
    }

    /// Closes its input, waits for it to end well, and answers what it said meanwhile.
    ///
    /// # Panics
    ///
    /// When it fails.
    pub fn end(mut self) -> Vec<String> {
        drop(self.child.stdin.take());
        let mut rest = Vec::new();
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => rest.push(line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => self.give_up("it did not end"),
            }
        }
        let status = self.child.wait().expect("its end");
        assert!(status.success(), "{status}; it said {:#?}", self.last_words());
        rest
    }

    /// Stops it where it is, as a debugger or a machine that sleeps does; it goes on when it is `resume`d.
    ///
    /// # Panics
    ///
    /// When it can't be stopped.
    pub fn suspend(&self) {
        self.signal("-STOP");
    }

    /// Lets it go on.
    ///
    /// # Panics
    ///
    /// When it can't be.
    pub fn resume(&self) {
        self.signal("-CONT");
    }

    /// Interrupts it, as Ctrl-C does.
    ///
    /// # Panics
    ///
    /// When it can't be.
    pub fn interrupt(&self) {
        self.signal("-INT");
    }

    fn signal(&self, signal: &str) {
        let mut kill = Command::new("sh");
        kill.args(["-c", "kill \"$1\" \"$2\"", "kill", signal, &self.child.id().to_string()]);
        assert!(kill.status().expect("a shell").success(), "kill {signal}");
    }

    fn give_up(&self, why: &str) -> ! {
        panic!("{why}; the last that it had said: {:#?}", self.last_words())
    }

    fn last_words(&self) -> &[String] {
        &self.heard[self.heard.len().saturating_sub(40)..]
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}
