//! The conformance suite of executors, run with the tokio executor in every configuration.

use punctual_executor_tokio::TokioExecutor;
use punctual_testkit::executor::{ExecutorCaps, ExecutorFixture};
use tokio::runtime::{Builder, Runtime};

fn limited(executor: TokioExecutor, limit: Option<usize>) -> TokioExecutor {
    match limit {
        Some(limit) => executor.max_concurrent(limit),
        None => executor,
    }
}

/// On a runtime that the executor creates.
struct Own;

impl ExecutorFixture for Own {
    type Executor = TokioExecutor;

    const CAPS: ExecutorCaps = ExecutorCaps::THREADS;

    fn set_up() -> Self {
        Self
    }

    fn open(&self, limit: Option<usize>) -> TokioExecutor {
        limited(TokioExecutor::new(), limit)
    }
}

punctual_testkit::executor_suite!(own, Own);

/// On a runtime passed to the executor.
struct Given(Runtime);

impl ExecutorFixture for Given {
    type Executor = TokioExecutor;

    const CAPS: ExecutorCaps = ExecutorCaps::THREADS;

    fn set_up() -> Self {
        let mut runtime = Builder::new_multi_thread();
        Self(runtime.worker_threads(2).enable_all().build().unwrap())
    }

    fn open(&self, limit: Option<usize>) -> TokioExecutor {
        limited(TokioExecutor::with_handle(self.0.handle().clone()), limit)
    }
}

punctual_testkit::executor_suite!(given, Given);
