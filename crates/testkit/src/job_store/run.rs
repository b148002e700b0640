//! Execution of a case.

use punctual_core::{JobStore, StoreCaps};

use super::{CaseContext, StoreFixture};

/// Runs a case on a new storage location, if the store meets the requirements of the case.
///
/// # Panics
///
/// If the case fails, or if its server is unavailable and required.
pub fn run<F: StoreFixture>(
    name: &'static str,
    requires: fn(&StoreCaps) -> bool,
    case: impl AsyncFnOnce(&CaseContext<F>),
) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a tokio runtime for the case");
    runtime.block_on(async {
        let Some(fixture) = F::set_up(name).await else {
            assert!(
                std::env::var_os("PUNCTUAL_REQUIRE_STORES").is_none_or(|value| value != "1"),
                "the server for this store is unavailable, and PUNCTUAL_REQUIRE_STORES is 1"
            );
            return;
        };
        let context = CaseContext::new(fixture).await;
        if requires(&context.store.caps()) {
            case(&context).await;
        }
        context.end().await;
    });
}
