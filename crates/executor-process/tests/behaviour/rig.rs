//! A pool, and what its jobs print.

use std::env::current_exe;
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use punctual_core::{Call, Executor, Killed, RunId, RunOutcome, Task};
use punctual_executor_process::{OutputStream, ProcessPoolBuilder, ProcessPoolExecutor, init};
use punctual_testkit::executor::{Ending, task_run};
use serde_json::Value;

use crate::tasks;

pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A line that a job has printed.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) run: Option<RunId>,
    pub(crate) stream: OutputStream,
    pub(crate) text: String,
}

pub(crate) struct Rig {
    pub(crate) executor: ProcessPoolExecutor,
    pub(crate) lines: Receiver<Line>,
}

/// A started pool of one child, or as `describe` says.
pub(crate) fn rig(describe: impl FnOnce(ProcessPoolBuilder) -> ProcessPoolBuilder) -> Rig {
    init(&tasks::all());
    let (tell, lines) = channel();
    let builder = ProcessPoolExecutor::builder()
        .processes(1)
        // With one thread the harness would begin a line, and what a job prints would be the rest of it.
        .args(["child", "--exact", "--nocapture", "--test-threads=2"])
        .on_output(move |line| {
            // Lines of the test harness in the child.
            if line.text.is_empty() || line.text.starts_with("running 1 test") {
                return;
            }
            let (run, stream, text) = (line.run_id, line.stream, line.text.to_owned());
            let _ = tell.send(Line { run, stream, text });
        });
    let executor = describe(builder).build().expect("valid options");
    executor.start().expect("the pool");
    Rig { executor, lines }
}

impl Rig {
    #[track_caller]
    pub(crate) fn submit<T: Task>(&self, call: Call<T>) -> Ending {
        let (run, ending) = task_run(call);
        self.executor.submit(run).expect("the pool takes runs");
        ending
    }

    #[track_caller]
    pub(crate) fn run<T: Task>(&self, call: Call<T>) -> RunOutcome {
        self.submit(call).outcome()
    }

    /// What a run returns.
    #[track_caller]
    pub(crate) fn value<T: Task>(&self, call: Call<T>) -> Value {
        value(self.run(call))
    }

    #[track_caller]
    pub(crate) fn killed<T: Task>(&self, call: Call<T>) -> Killed {
        killed(self.run(call))
    }

    /// The process that runs take place in. Asked again if that took longer than it may: the machine may be busy.
    #[track_caller]
    pub(crate) fn pid(&self) -> u64 {
        let outcome = (0..100)
            .map(|_| self.run(tasks::pid()))
            .find(|outcome| !matches!(outcome, RunOutcome::Killed(Killed::TimedOut(_))));
        value(outcome.expect("an answer in time")).as_u64().expect("a process id")
    }

    #[track_caller]
    pub(crate) fn line(&self) -> Line {
        self.lines.recv_timeout(PATIENCE).expect("a line")
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
pub(crate) fn killed(outcome: RunOutcome) -> Killed {
    match outcome {
        RunOutcome::Killed(how) => how,
        other => panic!("expected that its process ended: {other}"),
    }
}

/// Whether there is a process of this id that has not ended. One that nobody has buried yet has ended.
pub(crate) fn lives(pid: u64) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| !stat.rsplit(')').next().is_some_and(|rest| rest.starts_with(" Z")))
}

/// Whether this is a process of this test's own; if not, runs it in one, which a shell starts having said this.
pub(crate) fn alone(test: &str, before: &str) -> bool {
    const ALONE: &str = "PUNCTUAL_TEST_ALONE";
    if std::env::var(ALONE).is_ok_and(|alone| alone == test) {
        return true;
    }
    // Not every other shell ignores all that it is told to.
    let status = Command::new("bash")
        .args(["-c", &format!(r#"{before}; exec "$0" "$@""#)])
        .arg(current_exe().expect("this program"))
        .args([test, "--exact", "--nocapture"])
        .env(ALONE, test)
        .status();
    assert!(status.expect("a shell").success());
    false
}

/// Whether it comes true within this time.
pub(crate) fn comes_true(within: Duration, is_true: impl Fn() -> bool) -> bool {
    let (_never, nothing) = channel::<()>();
    let step = Duration::from_millis(5);
    (0..within.as_millis() / step.as_millis()).any(|_| {
        let done = is_true();
        if !done {
            let _ = nothing.recv_timeout(step);
        }
        done
    }) || is_true()
}
