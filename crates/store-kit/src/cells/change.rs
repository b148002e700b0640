//! Load, apply, swap.

use std::collections::HashSet;

use punctual_core::{StoreError, StoreErrorKind, StoredJob};

use super::{Cell, CellKind, CellStore, CellValue, Medium, Swap};

/// How often somebody else may be quicker in changing the same cell. Each time somebody else has succeeded, so it is
/// much more than ever happens.
const LOSSES: u32 = 100;

/// The most cells that are read or swapped in one call, if the medium names no limit.
const MOST: usize = 1_000;

/// A cell to change.
#[derive(Debug)]
pub(super) struct Target<V> {
    name: String,
    /// What was seen in it, if it was looked into already.
    seen: Option<Cell<V>>,
}

impl<V> Target<V> {
    pub(super) fn new(name: String) -> Self {
        Self { name, seen: None }
    }

    pub(super) fn seen(cell: Cell<V>) -> Self {
        Self { name: cell.name.clone(), seen: Some(cell) }
    }
}

/// What becomes of a cell.
#[derive(Debug)]
pub(super) enum Change {
    Keep,
    Remove,
    /// The second is the job that it is.
    Write(CellValue, Option<Box<StoredJob>>),
}

impl<M: Medium> CellStore<M> {
    /// Changes cells, each by itself, and the same one in the order given. `apply` says what becomes of a cell, given
    /// the place of its target, and what is returned; it is called again for a cell that somebody else was quicker to
    /// change. What stays as it is is not written.
    pub(super) async fn change<T: Send>(
        &self,
        kind: CellKind,
        targets: Vec<Target<M::Version>>,
        mut apply: impl FnMut(usize, Option<&Cell<M::Version>>) -> (Change, T) + Send,
    ) -> Result<Vec<T>, StoreError> {
        let mut results: Vec<Option<T>> = targets.iter().map(|_| None).collect();
        let mut losses = vec![0; targets.len()];
        let mut left: Vec<_> = targets.into_iter().enumerate().collect();
        while !left.is_empty() {
            let (mut part, rest) = self.next_part(left);
            let cells = self.load(kind, &mut part).await?;
            let (mut swaps, mut swapped) = (Vec::new(), Vec::new());
            for ((place, target), cell) in part.into_iter().zip(cells) {
                let (change, result) = apply(place, cell.as_ref());
                results[place] = Some(result);
                let (new, job) = match change {
                    Change::Keep => continue,
                    Change::Remove => (None, None),
                    Change::Write(value, job) => (Some(value), job),
                };
                if new.as_ref() != cell.as_ref().map(|cell| &cell.value) {
                    swaps.push(Swap::new(kind, target.name.clone(), cell, new, job));
                    swapped.push((place, target));
                }
            }
            left = match swaps.is_empty() {
                true => Vec::new(),
                false => lost(swapped, self.medium.swap(swaps).await?),
            };
            for (place, target) in &left {
                losses[*place] += 1;
                if losses[*place] == LOSSES {
                    return Err(too_many_losses(kind, &target.name));
                }
            }
            // The losers come first: those of the same cell that follow them have to wait.
            left.extend(rest);
        }
        Ok(results.into_iter().flatten().collect())
    }

    /// Those that are changed in one go, of each cell the first, and those that are not.
    fn next_part(&self, left: Places<M::Version>) -> (Places<M::Version>, Places<M::Version>) {
        let most = self.most.clamp(1, MOST);
        let mut names = HashSet::new();
        left.into_iter()
            .partition(|(_, target)| names.len() < most && names.insert(target.name.clone()))
    }

    async fn load(
        &self,
        kind: CellKind,
        targets: &mut [(usize, Target<M::Version>)],
    ) -> Result<Vec<Option<Cell<M::Version>>>, StoreError> {
        let unseen = targets.iter().filter(|(_, target)| target.seen.is_none());
        let unseen: Vec<_> = unseen.map(|(_, target)| target.name.clone()).collect();
        let read = match unseen.is_empty() {
            true => Vec::new(),
            false => self.medium.read(kind, unseen).await?,
        };
        let mut read = read.into_iter();
        let seen = targets.iter_mut().map(|(_, target)| target.seen.take());
        Ok(seen.map(|seen| seen.or_else(|| read.next().flatten())).collect())
    }
}

/// Targets with their places.
type Places<V> = Vec<(usize, Target<V>)>;

fn lost<V>(swapped: Places<V>, won: Vec<bool>) -> Places<V> {
    let mut won = won.into_iter();
    swapped.into_iter().filter(|_| !won.next().unwrap_or(false)).collect()
}

fn too_many_losses(kind: CellKind, name: &str) -> StoreError {
    let message =
        format!("others were quicker {LOSSES} times to change {name:?} of {}", kind.word());
    StoreError::new(StoreErrorKind::Unavailable, message)
}
