//! Calls at the same time, of which the answers are those of some order.

use crate::job_store::concurrent::search;
use crate::job_store::kit::setting;
use crate::job_store::{StoreFixture, Trial};

/// Histories, unless `PUNCTUAL_HISTORIES` says how many.
const HISTORIES: usize = 40;

/// `PUNCTUAL_SEED` makes the same calls again, which may meet otherwise.
pub async fn some_order_explains_all_answers<F: StoreFixture>(_: &Trial<F>) {
    let histories = setting("PUNCTUAL_HISTORIES").unwrap_or(HISTORIES);
    let first = setting("PUNCTUAL_SEED").unwrap_or_else(|| fastrand::u64(..));
    if let Err(found) = search::<F>(first, histories).await {
        let (seed, after) = (found.seed, found.after);
        panic!(
            "after {after} histories, one of PUNCTUAL_SEED={seed} that nothing explains:\n{}",
            found.report
        );
    }
}
