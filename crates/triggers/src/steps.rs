//! How long searches go on, however deep they lie in each other.

use std::cell::Cell;

thread_local! {
    /// What is left to the outermost search of this thread; none outside of any.
    static LEFT: Cell<Option<u32>> = const { Cell::new(None) };
}

/// The steps that a search may still take. One that is made within another shares that one's, or else a search in
/// a search in a search would go on for the product of their limits.
pub(crate) struct Steps {
    outermost: bool,
}

impl Steps {
    pub(crate) fn new(limit: u32) -> Self {
        let outermost = LEFT.get().is_none();
        if outermost {
            LEFT.set(Some(limit));
        }
        Self { outermost }
    }

    /// Takes one of them; none if there is none left.
    pub(crate) fn take(&self) -> Option<()> {
        let left = LEFT.get().unwrap_or(0).checked_sub(1)?;
        LEFT.set(Some(left));
        Some(())
    }
}

impl Drop for Steps {
    fn drop(&mut self) {
        if self.outermost {
            LEFT.set(None);
        }
    }
}
