//! Identifiers and counters of the store contract.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::name_type;

name_type! {
    /// The identity of a scheduler as the owner of runs: one per running scheduler, random unless configured.
    NodeId, "node id"
}

impl NodeId {
    /// Returns a new random node id.
    #[must_use]
    pub fn random() -> Self {
        Self(uuid::Uuid::new_v4().simple().to_string().into())
    }
}

/// The revision of a job, incremented by every update.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Revision(pub i64);

impl Revision {
    /// The revision of a newly added job.
    pub const FIRST: Self = Self(1);

    /// The largest valid revision; a record with a larger one is corrupt.
    pub const MAX: Self = Self(1 << 62);

    /// Returns the next revision.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// A fencing token of a job or a run: it increases with each claim or change of ownership, and operations with an
/// outdated fence have no effect.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Fence(pub i64);

impl Fence {
    /// The largest valid fence, which no store reaches by increments. A record with a larger one is corrupt.
    pub const MAX: Self = Self(1 << 62);

    /// Returns a first fence for a new job: a random number below 2^48, so that no fence of a removed job is valid
    /// for a job that is added later with the same id. A store that takes all fences from one counter does not need it.
    #[must_use]
    pub fn random() -> Self {
        Self((uuid::Uuid::new_v4().as_u128() & 0xFFFF_FFFF_FFFF) as i64)
    }

    /// Returns the next fence. A backend that can lose an acknowledged write increases its fences by random steps
    /// instead, so that the fence of the next claim differs from that of the lost one.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// Identifies one run, across all processes: 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunId(u128);

impl RunId {
    /// Creates a run id from a number.
    #[must_use]
    pub const fn from_u128(number: u128) -> Self {
        Self(number)
    }

    /// Returns the id as a number.
    #[must_use]
    pub const fn as_u128(self) -> u128 {
        self.0
    }

    /// Returns a random id: the first of a sequence of runs.
    #[must_use]
    pub fn random() -> Self {
        Self(uuid::Uuid::new_v4().as_u128())
    }

    /// Returns the next id, wrapping around at the maximum.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<RunId> for String {
    fn from(run: RunId) -> Self {
        run.to_string()
    }
}

impl TryFrom<String> for RunId {
    type Error = std::num::ParseIntError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl FromStr for RunId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u128::from_str_radix(text, 16).map(Self)
    }
}
