//! Random operations, whose results in the store and in the model are compared.

use crate::job_store::builders::env_number;
use crate::job_store::random::search;
use crate::job_store::{CaseContext, StoreFixture};

/// Number of operations of a sequence.
const LENGTH: usize = 50;

/// Default of `PUNCTUAL_SEQUENCES`, the number of sequences.
const SEQUENCES: usize = 20;

/// `PUNCTUAL_SEED` sets the seed of the first sequence. Only that sequence runs, unless `PUNCTUAL_SEQUENCES` is set.
pub async fn the_store_behaves_like_the_model<F: StoreFixture>(_: &CaseContext<F>) {
    let seed = env_number("PUNCTUAL_SEED");
    let default = if seed.is_some() { 1 } else { SEQUENCES };
    let sequences = env_number("PUNCTUAL_SEQUENCES").unwrap_or(default);
    let first = seed.unwrap_or_else(|| fastrand::u64(..));
    if let Err(found) = search::<F>(first, sequences, LENGTH).await {
        let (seed, after) = (found.seed, found.after);
        panic!(
            "after {after} sequences, the one of PUNCTUAL_SEED={seed} failed; shortened:\n{}",
            found.report
        );
    }
}
