//! Requests to cancel runs of other processes, in the metadata of their store.
//!
//! A request is an entry `run@time` in one of some slots. Every process that has runs in progress reads the slots once
//! per third of its lease, and looks for its own runs. Entries expire, and later requests overwrite them, so that the number of
//! metadata values is limited without a delete operation.

use std::time::Duration;

use punctual_core::{Metadata, RunId, StoreError, StoreErrorKind, Timestamp};

use super::registered::RegisteredStore;

/// Prefix of the metadata keys.
const KEY_PREFIX: &str = "cancel:";

/// Number of slots. Two requests at the same time rarely use the same one.
const SLOTS: u8 = 32;

/// How long a request is valid: processes that take a cancelled run over cancel it, too.
const VALID_FOR: Duration = Duration::from_secs(15 * 60);

/// Maximum number of attempts to store a request that concurrent ones overwrite.
const MAX_ATTEMPTS: usize = 10;

impl RegisteredStore {
    /// Stores a request to cancel a run, for the process that executes it.
    pub(crate) async fn request_cancellation(&self, run: RunId) -> Result<(), StoreError> {
        for _ in 0..MAX_ATTEMPTS {
            let now = self.now();
            let stored = self.backend.metadata().await?;
            if valid_entries(&stored, now).any(|(_, own)| own == run) {
                return Ok(());
            }
            let is_used = |slot: u8| entries_of(&stored, slot, now).next().is_some();
            let free: Vec<u8> = (0..SLOTS).filter(|&slot| !is_used(slot)).collect();
            let slot = match free.len() {
                0 => fastrand::u8(..SLOTS),
                count => free[fastrand::usize(..count)],
            };
            let kept = entries_of(&stored, slot, now).map(|(at, own)| entry(own, at));
            let entries: Vec<String> = kept.chain([entry(run, now)]).collect();
            // The next round verifies that no concurrent request has overwritten it.
            self.backend.set_metadata(&key(slot), &entries.join(" ")).await?;
        }
        Err(StoreError::new(
            StoreErrorKind::Conflict,
            "other requests to cancel runs were made at the same time",
        ))
    }

    /// The runs of any process that are to be cancelled.
    pub(crate) async fn requested_cancellations(&self) -> Result<Vec<RunId>, StoreError> {
        let stored = self.backend.metadata().await?;
        Ok(valid_entries(&stored, self.now()).map(|(_, run)| run).collect())
    }
}

fn key(slot: u8) -> String {
    format!("{KEY_PREFIX}{slot:02}")
}

fn entry(run: RunId, at: Timestamp) -> String {
    format!("{run}@{}", at.as_micros())
}

fn valid_entries(
    stored: &Metadata,
    now: Timestamp,
) -> impl Iterator<Item = (Timestamp, RunId)> + '_ {
    (0..SLOTS).flat_map(move |slot| entries_of(stored, slot, now))
}

/// The valid entries of a slot. Text that is not an entry is ignored, and overwritten by the next request.
fn entries_of(
    stored: &Metadata,
    slot: u8,
    now: Timestamp,
) -> impl Iterator<Item = (Timestamp, RunId)> + '_ {
    let text = stored.get(&key(slot)).unwrap_or_default();
    let parse = |entry: &str| {
        let (run, at) = entry.split_once('@')?;
        Some((Timestamp::from_micros(at.parse().ok()?), run.parse().ok()?))
    };
    let is_valid = move |at: Timestamp| {
        at <= now.saturating_add(VALID_FOR) && now < at.saturating_add(VALID_FOR)
    };
    text.split(' ').filter_map(parse).filter(move |(at, _)| is_valid(*at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_valid_for_a_limited_time() {
        let [one, two] = [1, 2].map(RunId::from_u128);
        let at = Timestamp::from_seconds;
        let text = format!("{} nonsense x@y {}", entry(one, at(0)), entry(two, at(60)));
        let stored = Metadata::new(vec![(key(3), text)]);
        let runs = |second| -> Vec<RunId> {
            valid_entries(&stored, at(second)).map(|(_, run)| run).collect()
        };
        assert_eq!(runs(60), [one, two]);
        assert_eq!(runs(900), [two]);
        assert!(runs(960).is_empty() && runs(-1_000).is_empty());
    }
}
