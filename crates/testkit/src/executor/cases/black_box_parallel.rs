//! Concurrent blocking runs, for tasks in any process: as the cases of `parallel`, but observed from outside of the tasks.

use super::black_box::assert_succeeds;
use crate::executor::connection::{ConnectedRun, RunListener};
use crate::executor::run_spec::RunSpec;
use crate::executor::tasks::{add, wait_for_release};
use crate::executor::{CaseContext, ExecutorFixture};

pub fn the_concurrency_limit_is_reached_but_not_exceeded<F: ExecutorFixture>(
    case: &CaseContext<F>,
) {
    const LIMIT: usize = 3;
    let executor = case.limited(LIMIT);
    let listener = RunListener::open();
    // Short runs first: the executor may have derived the expected duration of further runs from them.
    for _ in 0..1_000 {
        executor.submit(RunSpec::call(add(1, 1)));
    }
    let runs: Vec<_> = (0..4 * LIMIT)
        .map(|_| executor.submit(RunSpec::call(wait_for_release(listener.port(), 0))))
        .collect();
    for _ in 0..4 {
        // All of them have started before any is released.
        let together: Vec<_> = (0..LIMIT).map(|_| listener.next()).collect();
        assert!(together.iter().all(ConnectedRun::is_waiting) && !listener.has_another());
    }
    runs.into_iter().for_each(|run| assert_succeeds(&executor, run));
}

pub fn a_short_run_does_not_wait_for_a_long_one<F: ExecutorFixture>(case: &CaseContext<F>) {
    let executor = case.limited(2);
    let listener = RunListener::open();
    for _ in 0..1_000 {
        executor.submit(RunSpec::call(add(1, 1)));
    }
    let long = executor.submit(RunSpec::call(wait_for_release(listener.port(), 0)));
    let short: Vec<_> = (0..100).map(|_| executor.submit(RunSpec::call(add(1, 1)))).collect();
    short.into_iter().for_each(|run| assert_succeeds(&executor, run));
    drop(listener.next());
    assert_succeeds(&executor, long);
}
