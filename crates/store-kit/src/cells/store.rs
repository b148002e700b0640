//! What a store on a medium has.

/// The [`Backend`](crate::Backend) on a [`Medium`](super::Medium); see [`cells`](super).
#[derive(Clone, Debug)]
pub struct CellStore<M> {
    pub(super) medium: M,
    /// How many cells are read or swapped at once.
    pub(super) most: usize,
    pub(super) keeps_history: bool,
}
