//! The conformance suite of executors, run with the thread pool.

use punctual_executor_threads::ThreadPoolExecutor;
use punctual_testkit::executor::{ExecutorCaps, ExecutorFixture};

struct Pool;

impl ExecutorFixture for Pool {
    type Executor = ThreadPoolExecutor;

    const CAPS: ExecutorCaps = ExecutorCaps::THREADS;

    fn set_up() -> Self {
        Self
    }

    fn open(&self, limit: Option<usize>) -> ThreadPoolExecutor {
        limit.map_or_else(ThreadPoolExecutor::default, ThreadPoolExecutor::new)
    }
}

punctual_testkit::executor_suite!(pool, Pool);
