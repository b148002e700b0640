//! A per-thread step budget that nested searches share.

use std::cell::Cell;

thread_local! {
    /// The remaining steps of the outermost search on this thread; `None` if there is no search.
    static REMAINING_STEPS: Cell<Option<u32>> = const { Cell::new(None) };
}

/// The step budget of a search. A nested search uses the budget of the outermost search; otherwise the total number
/// of steps could reach the product of all limits.
pub(crate) struct SearchBudget {
    /// Whether this is the outermost search, which resets the budget at its end.
    owns_budget: bool,
}

impl SearchBudget {
    pub(crate) fn new(limit: u32) -> Self {
        let owns_budget = REMAINING_STEPS.get().is_none();
        if owns_budget {
            REMAINING_STEPS.set(Some(limit));
        }
        Self { owns_budget }
    }

    /// Consumes one step. Returns `None` if the budget is exhausted.
    pub(crate) fn consume(&self) -> Option<()> {
        let remaining = REMAINING_STEPS.get().unwrap_or(0).checked_sub(1)?;
        REMAINING_STEPS.set(Some(remaining));
        Some(())
    }
}

impl Drop for SearchBudget {
    fn drop(&mut self) {
        if self.owns_budget {
            REMAINING_STEPS.set(None);
        }
    }
}
