//! Runs one case.

use punctual_core::{JobStore, StoreCaps};

use super::{StoreFixture, Trial};

/// Runs a case in a place of its own, if the store has what it needs.
///
/// # Panics
///
/// When the case fails, or its server is missing and required.
pub fn run<F: StoreFixture>(
    name: &'static str,
    need: fn(&StoreCaps) -> bool,
    case: impl AsyncFnOnce(&Trial<F>),
) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime for the case");
    runtime.block_on(async {
        let Some(fixture) = F::set_up(name).await else {
            assert!(
                std::env::var_os("PUNCTUAL_REQUIRE_STORES").is_none_or(|value| value != "1"),
                "the server for this store is missing, and PUNCTUAL_REQUIRE_STORES is 1"
            );
            return;
        };
        let trial = Trial::new(fixture).await;
        if need(&trial.store.caps()) {
            case(&trial).await;
        }
        trial.end().await;
    });
}
