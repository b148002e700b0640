//! Tokio in async tasks, in any process.

use crate::executor::run_spec::RunSpec;
use crate::executor::tasks::{use_spawn, use_timer};
use crate::executor::{CaseContext, ExecutorFixture};

pub fn async_tasks_can_use_tokio<F: ExecutorFixture>(case: &CaseContext<F>) {
    for spec in [RunSpec::call(use_timer()), RunSpec::call(use_spawn())] {
        let outcome = case.outcome(spec);
        assert!(outcome.is_success(), "{outcome}");
    }
}
