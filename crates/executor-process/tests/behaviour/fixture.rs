//! A pool, and the output of its jobs.

use std::env::current_exe;
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use punctual_core::{Call, Executor, OutputStream, ProcessTermination, RunId, RunOutcome, Task};
use punctual_executor_process::{ProcessPoolExecutor, ProcessPoolExecutorBuilder, init};
use punctual_testkit::executor::{OutcomeReceiver, task_run};
use serde_json::Value;

use crate::tasks;

pub(crate) const TIMEOUT: Duration = Duration::from_secs(60);

/// A line that a job has printed.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) run: Option<RunId>,
    pub(crate) stream: OutputStream,
    pub(crate) text: String,
}

pub(crate) struct PoolFixture {
    pub(crate) executor: ProcessPoolExecutor,
    pub(crate) lines: Receiver<Line>,
}

/// Starts a pool of one child, with the options set by `describe`.
pub(crate) fn fixture(
    describe: impl FnOnce(ProcessPoolExecutorBuilder) -> ProcessPoolExecutorBuilder,
) -> PoolFixture {
    init(&tasks::all());
    let (sender, lines) = channel();
    let builder = ProcessPoolExecutor::builder()
        .processes(1)
        // With one thread, the harness prints the start of a line before a job's output.
        .args(["child", "--exact", "--nocapture", "--test-threads=2"])
        .on_output(move |line| {
            // Lines of the test harness in the child.
            if line.text.is_empty() || line.text.starts_with("running 1 test") {
                return;
            }
            let (run, stream, text) = (line.run_id, line.stream, line.text.to_owned());
            let _ = sender.send(Line { run, stream, text });
        });
    let executor = describe(builder).build().expect("valid options");
    executor.start().expect("the pool");
    PoolFixture { executor, lines }
}

impl PoolFixture {
    #[track_caller]
    pub(crate) fn submit<T: Task>(&self, call: Call<T>) -> OutcomeReceiver {
        let (run, ending) = task_run(call);
        self.executor.submit(run).expect("the pool accepts runs");
        ending
    }

    #[track_caller]
    pub(crate) fn run<T: Task>(&self, call: Call<T>) -> RunOutcome {
        self.submit(call).outcome()
    }

    /// Executes a run and returns its value.
    #[track_caller]
    pub(crate) fn value<T: Task>(&self, call: Call<T>) -> Value {
        value(self.run(call))
    }

    #[track_caller]
    pub(crate) fn killed<T: Task>(&self, call: Call<T>) -> ProcessTermination {
        killed(self.run(call))
    }

    /// Returns the process id of the child. Retried after a timeout, because the machine may be busy.
    #[track_caller]
    pub(crate) fn pid(&self) -> u64 {
        let outcome = (0..100).map(|_| self.run(tasks::pid())).find(|outcome| {
            !matches!(outcome, RunOutcome::Killed(ProcessTermination::TimedOut(_)))
        });
        value(outcome.expect("a result in time")).as_u64().expect("a process id")
    }

    #[track_caller]
    pub(crate) fn line(&self) -> Line {
        self.lines.recv_timeout(TIMEOUT).expect("a line")
    }

    pub(crate) fn shutdown(&self, timeout: Duration) {
        pollster::block_on(self.executor.shutdown(timeout));
    }
}

#[track_caller]
pub(crate) fn value(outcome: RunOutcome) -> Value {
    match outcome {
        RunOutcome::Success(value) => value,
        other => panic!("expected a value: {other}"),
    }
}

#[track_caller]
pub(crate) fn killed(outcome: RunOutcome) -> ProcessTermination {
    match outcome {
        RunOutcome::Killed(reason) => reason,
        other => panic!("expected the exit of its process: {other}"),
    }
}

/// Whether a process with this id is running. A zombie is not.
pub(crate) fn is_running(pid: u64) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().is_some_and(|rest| rest.starts_with(" Z")))
}

/// Returns whether this is a dedicated process of the test `test`. If not, runs the test in one, which is started by a
/// shell after the command `before`.
pub(crate) fn in_dedicated_process(test: &str, before: &str) -> bool {
    const TEST_VAR: &str = "PUNCTUAL_TEST_ALONE";
    if std::env::var(TEST_VAR).is_ok_and(|name| name == test) {
        return true;
    }
    // Not every other shell can ignore SIGCHLD.
    let status = Command::new("bash")
        .args(["-c", &format!(r#"{before}; exec "$0" "$@""#)])
        .arg(current_exe().expect("this program"))
        .args([test, "--exact", "--nocapture"])
        .env(TEST_VAR, test)
        .status();
    assert!(status.expect("a shell").success());
    false
}

/// Polls `condition` until it returns `true` or the time has elapsed; returns the last result.
pub(crate) fn becomes_true(within: Duration, condition: impl Fn() -> bool) -> bool {
    let (_sender, never) = channel::<()>();
    let step = Duration::from_millis(5);
    (0..within.as_millis() / step.as_millis()).any(|_| {
        let done = condition();
        if !done {
            let _ = never.recv_timeout(step);
        }
        done
    }) || condition()
}
