//! Identities and counters of the store contract.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::name_type;

name_type! {
    /// A scheduler as the owner of runs: one per running scheduler, random unless given a name.
    NodeId, "node id"
}

impl NodeId {
    /// A new node id.
    #[must_use]
    pub fn random() -> Self {
        Self(uuid::Uuid::new_v4().simple().to_string().into())
    }
}

/// Counts the changes that users made to a job: grows with every update.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Revision(pub i64);

impl Revision {
    /// The revision of a job that was just added.
    pub const FIRST: Self = Self(1);

    /// The largest that can be; a record with a larger one is corrupt.
    pub const MAX: Self = Self(1 << 62);

    /// The one after this.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// Counts the claims of a job, or the owners of a run: whoever has an old one changes nothing.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct Fence(pub i64);

impl Fence {
    /// The largest that can be: no store gets there by counting, so that a record with a larger one is corrupt.
    pub const MAX: Self = Self(1 << 62);

    /// Where the fences of a new job may begin: a random number below 2^48, so that no fence of a removed
    /// job holds for one that is added under its id later. Stores that have one counter for all their
    /// jobs don't need it.
    #[must_use]
    pub fn random() -> Self {
        Self((uuid::Uuid::new_v4().as_u128() & 0xFFFF_FFFF_FFFF) as i64)
    }

    /// The one after this. A backend that can forget an acknowledged write raises its fences by random steps
    /// instead, so that whoever claims next has another one than the claim that was forgotten.
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
    /// The run with this number.
    #[must_use]
    pub const fn from_u128(number: u128) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn as_u128(self) -> u128 {
        self.0
    }

    /// A random one: where a sequence of runs begins.
    #[must_use]
    pub fn random() -> Self {
        Self(uuid::Uuid::new_v4().as_u128())
    }

    /// The one after this, wrapping around.
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
