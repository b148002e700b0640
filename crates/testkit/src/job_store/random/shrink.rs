//! Shortening of a failing sequence.

use super::ops::Op;
use super::runner::{Difference, run_sequence};
use crate::job_store::StoreFixture;

/// Removes operations that are not needed for a difference: first large parts, then single operations.
pub(super) async fn shorten<F: StoreFixture>(
    mut ops: Vec<Op>,
    mut difference: Difference,
) -> (Vec<Op>, Difference) {
    // Later operations have no influence on the difference.
    ops.truncate(difference.step + 1);
    let mut part = ops.len().div_ceil(2);
    loop {
        let mut from = 0;
        let mut is_shorter = false;
        while from < ops.len() {
            let mut fewer = ops.clone();
            fewer.drain(from..(from + part).min(ops.len()));
            match run_sequence::<F>(&fewer).await {
                Err(found) => {
                    fewer.truncate(found.step + 1);
                    (ops, difference, is_shorter) = (fewer, found, true);
                }
                Ok(()) => from += part,
            }
        }
        if part == 1 && !is_shorter {
            return (ops, difference);
        }
        part = if is_shorter { part } else { part / 2 }.clamp(1, ops.len().max(1));
    }
}
