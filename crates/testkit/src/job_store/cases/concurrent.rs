//! Linearizability of concurrent calls.

use crate::job_store::builders::env_number;
use crate::job_store::concurrent::search;
use crate::job_store::{CaseContext, StoreFixture};

/// Default of `PUNCTUAL_HISTORIES`, the number of histories.
const HISTORIES: usize = 40;

/// `PUNCTUAL_SEED` repeats the calls of a seed; their interleaving may differ.
pub async fn histories_are_linearizable<F: StoreFixture>(_: &CaseContext<F>) {
    let histories = env_number("PUNCTUAL_HISTORIES").unwrap_or(HISTORIES);
    let first = env_number("PUNCTUAL_SEED").unwrap_or_else(|| fastrand::u64(..));
    if let Err(found) = search::<F>(first, histories).await {
        let (seed, after) = (found.seed, found.after);
        panic!(
            "after {after} histories, the one of PUNCTUAL_SEED={seed} is not linearizable:\n{}",
            found.report
        );
    }
}
