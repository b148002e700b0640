//! Random operations, of which the store makes what the model makes.

use crate::job_store::kit::setting;
use crate::job_store::random::search;
use crate::job_store::{StoreFixture, Trial};

/// Operations of a sequence.
const LENGTH: usize = 50;

/// Sequences, unless `PUNCTUAL_SEQUENCES` says how many.
const SEQUENCES: usize = 20;

/// `PUNCTUAL_SEED` repeats the sequence of a seed, and goes on from there if there are more.
pub async fn the_store_does_as_the_model<F: StoreFixture>(_: &Trial<F>) {
    let seed = setting("PUNCTUAL_SEED");
    let default = if seed.is_some() { 1 } else { SEQUENCES };
    let sequences = setting("PUNCTUAL_SEQUENCES").unwrap_or(default);
    let first = seed.unwrap_or_else(|| fastrand::u64(..));
    if let Err(found) = search::<F>(first, sequences, LENGTH).await {
        let (seed, after) = (found.seed, found.after);
        panic!(
            "after {after} sequences, one that PUNCTUAL_SEED={seed} repeats; made shorter:\n{}",
            found.report
        );
    }
}
