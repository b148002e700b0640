//! What to do with local times that are skipped or repeated.

use serde::{Deserialize, Serialize};

/// What happens to a fire whose local time is skipped when the clock goes forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Gap {
    /// It is left out.
    Skip,
    /// It comes later by the length of the gap, as in RFC 5545: 02:30 becomes 03:30.
    Shift,
    /// It comes at the first moment after the gap: 02:30 becomes 03:00.
    NextValid,
}

/// What happens to a fire whose local time is repeated when the clock goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fold {
    /// It comes in the first pass only.
    First,
    /// It comes in the second pass only.
    Second,
    /// It comes twice.
    Both,
}
