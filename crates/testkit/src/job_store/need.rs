//! Which abilities a group of cases is for.

use punctual_core::StoreCaps;

/// For every store.
#[must_use]
pub fn nothing(_caps: &StoreCaps) -> bool {
    true
}

/// For stores whose jobs outlive the process.
#[must_use]
pub fn persistent(caps: &StoreCaps) -> bool {
    caps.persistent
}

/// For stores whose jobs several processes may use.
#[must_use]
pub fn shared(caps: &StoreCaps) -> bool {
    caps.shared
}

/// For stores that write down the runs that have ended.
#[must_use]
pub fn history(caps: &StoreCaps) -> bool {
    caps.history
}

/// For stores that tell of changes.
#[must_use]
pub fn notify(caps: &StoreCaps) -> bool {
    caps.notify
}

/// For stores that take part in transactions of their callers'.
#[must_use]
pub fn transactions(caps: &StoreCaps) -> bool {
    caps.transactions
}
