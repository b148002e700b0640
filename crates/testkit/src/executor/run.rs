//! Runs one case.

use super::{ExecutorCaps, ExecutorFixture, Trial};

/// Runs a case with an executor of its own, if it can do what the case needs.
///
/// # Panics
///
/// When the case fails.
pub fn run<F: ExecutorFixture>(need: fn(ExecutorCaps) -> bool, case: impl FnOnce(&Trial<F>)) {
    if need(F::CAPS) {
        case(&Trial::new(F::set_up()));
    }
}
