//! Concurrent blocking runs, for tasks in the process of the case.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

use crate::executor::run_spec::RunSpec;
use crate::executor::tasks::ClosureTask;
use crate::executor::{CaseContext, ExecutorFixture};

pub fn the_concurrency_limit_is_reached_but_not_exceeded<F: ExecutorFixture>(
    case: &CaseContext<F>,
) {
    const LIMIT: usize = 3;
    let executor = case.limited(LIMIT);
    let together = Arc::new(Barrier::new(LIMIT));
    let now = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    for _ in 0..20 * LIMIT {
        let (together, now, most) = (together.clone(), now.clone(), most.clone());
        executor.submit(RunSpec::closure(ClosureTask::blocking(move |_| {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            // Returns only when the maximum number of runs has started.
            together.wait();
            now.fetch_sub(1, Ordering::SeqCst);
        })));
    }
    executor.reports.wait_for_count(20 * LIMIT);
    assert_eq!(most.load(Ordering::SeqCst), LIMIT);
}
