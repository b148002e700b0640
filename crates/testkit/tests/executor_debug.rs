//! The contract of executors, kept by core's `DebugExecutor`.

use punctual_core::DebugExecutor;
use punctual_testkit::executor::{ExecutorCaps, ExecutorFixture};

struct Debug;

impl ExecutorFixture for Debug {
    type Executor = DebugExecutor;

    const CAPS: ExecutorCaps = ExecutorCaps::INLINE;

    fn set_up() -> Self {
        Self
    }

    fn open(&self, _limit: Option<usize>) -> DebugExecutor {
        DebugExecutor
    }
}

punctual_testkit::executor_suite!(debug, Debug);
