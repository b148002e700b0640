//! Policies for local times in DST gaps and folds.

use serde::{Deserialize, Serialize};

/// The policy for scheduled local times that do not exist because a forward transition skips them (DST gap).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gap {
    /// The fire time is dropped.
    Skip,
    /// The fire time is shifted forward by the length of the gap, as in RFC 5545: 02:30 becomes 03:30.
    Shift,
    /// The trigger fires at the end of the gap: 02:30 becomes 03:00.
    NextValid,
}

/// The policy for scheduled local times that occur twice because of a backward transition (DST fold).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fold {
    /// The trigger fires at the first occurrence only.
    First,
    /// The trigger fires at the second occurrence only.
    Second,
    /// The trigger fires at both occurrences.
    Both,
}
