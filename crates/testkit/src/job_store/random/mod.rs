//! Random sequences of operations, played to a store and to the model of the contract.

mod compare;
mod convert;
mod generate;
mod ops;
mod past;
mod play;
mod shrink;
mod world;

use std::fmt::Write;

use super::StoreFixture;

/// A sequence after which a store is not as the model.
#[derive(Clone, Debug)]
pub struct Found {
    /// It is made from this seed.
    pub seed: u64,
    /// How many sequences had been played before it.
    pub after: usize,
    /// How many operations are left of it.
    pub length: usize,
    /// These operations, and how the store and the model differ.
    pub report: String,
}

/// Plays sequences of so many operations, made from `first_seed` and those that follow it, until one shows a
/// difference. That one is made shorter.
///
/// # Errors
///
/// The sequence with a difference.
pub async fn search<F: StoreFixture>(
    first_seed: u64,
    sequences: usize,
    length: usize,
) -> Result<(), Found> {
    for (after, number) in (0..sequences).zip(0..) {
        let seed = first_seed.wrapping_add(number);
        let ops = generate::sequence(seed, length);
        let Err(difference) = play::play::<F>(&ops).await else { continue };
        let (ops, difference) = shrink::shorten::<F>(ops, difference).await;
        let mut report = String::new();
        for (number, op) in ops.iter().enumerate() {
            let _ = writeln!(report, "{number:>4}. {op:?}");
        }
        let _ = write!(report, "and then the store is not as the model:\n{}", difference.message);
        return Err(Found { seed, after, length: ops.len(), report });
    }
    Ok(())
}
