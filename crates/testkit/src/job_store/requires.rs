//! Requirements of groups of cases: predicates on the capabilities of a store.

use punctual_core::StoreCaps;

/// No requirement: for all stores.
#[must_use]
pub fn none(_caps: &StoreCaps) -> bool {
    true
}

/// For stores that keep jobs after the process has exited.
#[must_use]
pub fn persistent(caps: &StoreCaps) -> bool {
    caps.persistent
}

/// For stores whose jobs several processes may share.
#[must_use]
pub fn shared(caps: &StoreCaps) -> bool {
    caps.shared
}

/// For stores with a history of finished runs.
#[must_use]
pub fn history(caps: &StoreCaps) -> bool {
    caps.history
}

/// For stores that notify watchers of changes.
#[must_use]
pub fn notify(caps: &StoreCaps) -> bool {
    caps.notify
}

/// For stores that support transactions of the caller.
#[must_use]
pub fn transactions(caps: &StoreCaps) -> bool {
    caps.transactions
}
