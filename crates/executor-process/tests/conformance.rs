//! The conformance suite of executors, run with the process pool.

use punctual_executor_process::{ProcessPoolExecutor, init};
use punctual_testkit::executor::{ExecutorCaps, ExecutorFixture, tasks};

/// Not a test, but the main function of the children: this program is a test harness.
#[test]
fn child() {
    init(&tasks());
}

struct Pool;

impl ExecutorFixture for Pool {
    type Executor = ProcessPoolExecutor;

    const CAPS: ExecutorCaps = ExecutorCaps::PROCESSES;

    fn set_up() -> Self {
        init(&tasks());
        Self
    }

    fn open(&self, limit: Option<usize>) -> ProcessPoolExecutor {
        let builder = ProcessPoolExecutor::builder().args(["child", "--exact"]);
        match limit {
            Some(limit) => builder.processes(limit).build(),
            None => builder.build(),
        }
        .expect("valid options")
    }
}

punctual_testkit::executor_suite!(pool, Pool);
