//! Makes a sequence that fails shorter.

use super::ops::Op;
use super::play::{Difference, play};
use crate::job_store::StoreFixture;

/// Leaves out what is not needed for a difference: first large parts, then single operations.
pub(super) async fn shorten<F: StoreFixture>(
    mut ops: Vec<Op>,
    mut difference: Difference,
) -> (Vec<Op>, Difference) {
    // What comes after the difference has nothing to do with it.
    ops.truncate(difference.step + 1);
    let mut part = ops.len().div_ceil(2);
    loop {
        let mut from = 0;
        let mut is_shorter = false;
        while from < ops.len() {
            let mut fewer = ops.clone();
            fewer.drain(from..(from + part).min(ops.len()));
            match play::<F>(&fewer).await {
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
