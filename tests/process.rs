//! A child process and its output.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// The timeout for waiting for output or for the exit of the process.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A child process; killed when dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    lines: Receiver<String>,
    reader: Option<JoinHandle<()>>,
    /// The output so far, for failure messages.
    output: Vec<String>,
}

impl Process {
    /// Starts the process.
    ///
    /// # Panics
    ///
    /// Panics if the process can't be started.
    pub fn start(command: &mut Command) -> Self {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("to start the child process");
        let output = child.stdout.take().expect("the stdout of the child");
        let (sender, lines) = channel();
        let reader = thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, lines, reader: Some(reader), output: Vec::new() }
    }

    /// Writes a line to the stdin of the process.
    ///
    /// # Panics
    ///
    /// Panics if the process has exited.
    pub fn send_line(&mut self, line: &str) {
        let input = self.child.stdin.as_mut().expect("the stdin of the child");
        writeln!(input, "{line}").expect("to write to the child");
    }

    /// Returns the next line of output; `None` if there is none within this time.
    ///
    /// # Panics
    ///
    /// Panics if the process has exited.
    pub fn next_line_within(&mut self, time: Duration) -> Option<String> {
        match self.lines.recv_timeout(time) {
            Ok(line) => {
                self.output.push(line.clone());
                Some(line)
            }
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => self.fail("the child process has exited"),
        }
    }

    /// Returns the next line of output.
    ///
    /// # Panics
    ///
    /// Panics if there is none before the timeout.
    pub fn next_line(&mut self) -> String {
        self.next_line_within(TIMEOUT)
            .unwrap_or_else(|| self.fail("the child process printed nothing"))
    }

    /// Returns the next line of output that matches.
    ///
    /// # Panics
    ///
    /// Panics if there is none before the timeout.
    pub fn wait_for_line(&mut self, matches: impl Fn(&str) -> bool) -> String {
        loop {
            let line = self.next_line();
            if matches(&line) {
                return line;
            }
        }
    }

    /// Kills the process with SIGKILL, as the kernel's OOM killer does.
    ///
    /// # Panics
    ///
    /// Panics if the process can't be killed.
    pub fn kill(mut self) {
        self.child.kill().expect("to kill it");
        self.child.wait().expect("to wait for the child");
    }

    /// Closes stdin and waits for the process to exit with success; returns the rest of the output.
    ///
    /// # Panics
    ///
    /// Panics if the process fails or does not exit before the timeout.
    pub fn shut_down(mut self) -> Vec<String> {
        drop(self.child.stdin.take());
        let mut rest = Vec::new();
        loop {
            match self.lines.recv_timeout(TIMEOUT) {
                Ok(line) => rest.push(line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => self.fail("the child process did not exit"),
            }
        }
        let status = self.child.wait().expect("to wait for the child");
        assert!(status.success(), "{status}; its last output: {:#?}", self.last_output());
        rest
    }

    /// Suspends the process with SIGSTOP until [`resume`](Self::resume) is called, as when a machine sleeps.
    ///
    /// # Panics
    ///
    /// Panics if the signal can't be sent.
    pub fn suspend(&self) {
        self.signal("-STOP");
    }

    /// Resumes the process with SIGCONT.
    ///
    /// # Panics
    ///
    /// Panics if the signal can't be sent.
    pub fn resume(&self) {
        self.signal("-CONT");
    }

    /// Interrupts the process with SIGINT, as Ctrl-C does.
    ///
    /// # Panics
    ///
    /// Panics if the signal can't be sent.
    pub fn interrupt(&self) {
        self.signal("-INT");
    }

    /// Interrupts the process with SIGINT, twice in a row.
    ///
    /// # Panics
    ///
    /// Panics if the signals can't be sent.
    pub fn interrupt_twice(&self) {
        let mut kill = Command::new("sh");
        kill.args([
            "-c",
            r#"kill -INT "$1"; kill -INT "$1""#,
            "kill",
            &self.child.id().to_string(),
        ]);
        assert!(kill.status().expect("a shell").success(), "kill -INT");
    }

    /// Terminates the process with SIGTERM, as a service manager does.
    ///
    /// # Panics
    ///
    /// Panics if the signal can't be sent.
    pub fn terminate(&self) {
        self.signal("-TERM");
    }

    /// Waits for the process to exit, without closing stdin; returns its exit status.
    ///
    /// # Panics
    ///
    /// Panics if it does not exit before the timeout, or is killed.
    pub fn exit_status(mut self) -> i32 {
        loop {
            match self.lines.recv_timeout(TIMEOUT) {
                Ok(line) => self.output.push(line),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => self.fail("the child process did not exit"),
            }
        }
        self.child.wait().expect("to wait for the child").code().expect("an exit status")
    }

    fn signal(&self, signal: &str) {
        let mut kill = Command::new("sh");
        kill.args(["-c", "kill \"$1\" \"$2\"", "kill", signal, &self.child.id().to_string()]);
        assert!(kill.status().expect("a shell").success(), "kill {signal}");
    }

    fn fail(&self, why: &str) -> ! {
        panic!("{why}; its last output: {:#?}", self.last_output())
    }

    fn last_output(&self) -> &[String] {
        &self.output[self.output.len().saturating_sub(40)..]
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Fails if the process has already exited.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}
