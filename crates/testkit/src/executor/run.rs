//! Execution of a case.

use super::{CaseContext, ExecutorCaps, ExecutorFixture};

/// Runs a case with a new executor, if the executor meets the requirements of the case.
///
/// # Panics
///
/// If the case fails.
pub fn run<F: ExecutorFixture>(
    requires: fn(ExecutorCaps) -> bool,
    case: impl FnOnce(&CaseContext<F>),
) {
    if requires(F::CAPS) {
        case(&CaseContext::new(F::set_up()));
    }
}
