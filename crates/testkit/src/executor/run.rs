//! Execution of a case.

use super::{CaseContext, ExecutorCaps, ExecutorFixture};

/// Runs a case with a new executor, if the executor meets the requirements of the case. `test` is the path of its test.
///
/// # Panics
///
/// If the case fails.
pub fn run<F: ExecutorFixture>(
    test: &str,
    requires: fn(ExecutorCaps) -> bool,
    case: impl FnOnce(&CaseContext<F>),
) {
    if requires(F::CAPS) {
        F::run_test(test, || case(&CaseContext::new(F::set_up())));
    }
}
