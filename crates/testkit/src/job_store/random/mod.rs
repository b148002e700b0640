//! Random sequences of operations, applied to a store and to the model of the contract.

mod compare;
mod convert;
mod generate;
mod history;
mod model_state;
mod ops;
mod runner;
mod shrink;

use std::fmt::Write;

use super::StoreFixture;

/// A sequence after which the store and the model differ.
#[derive(Clone, Debug)]
pub struct FailingSequence {
    /// The seed of the sequence.
    pub seed: u64,
    /// Number of sequences that were run before it.
    pub after: usize,
    /// Number of operations of the shortened sequence.
    pub length: usize,
    /// The operations of the shortened sequence, and the difference between the store and the model.
    pub report: String,
}

/// Runs sequences of `length` operations, generated from `first_seed` and the seeds that follow it, until the store and
/// the model differ after one. That sequence is shortened.
///
/// # Errors
///
/// The shortened sequence.
pub async fn search<F: StoreFixture>(
    first_seed: u64,
    sequences: usize,
    length: usize,
) -> Result<(), FailingSequence> {
    for (after, number) in (0..sequences).zip(0..) {
        let seed = first_seed.wrapping_add(number);
        let ops = generate::sequence(seed, length);
        let Err(difference) = runner::run_sequence::<F>(&ops).await else { continue };
        let (ops, difference) = shrink::shorten::<F>(ops, difference).await;
        let mut report = String::new();
        for (number, op) in ops.iter().enumerate() {
            let _ = writeln!(report, "{number:>4}. {op:?}");
        }
        let _ =
            write!(report, "afterwards, the store and the model differ:\n{}", difference.message);
        return Err(FailingSequence { seed, after, length: ops.len(), report });
    }
    Ok(())
}
