//! Nodes and their leases.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// Until when a node counts as alive. A node that has never renewed has none, and is dead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeLease {
    /// From this instant on the node is dead.
    pub until: Timestamp,
}

impl NodeLease {
    /// Of a node whose runs or claims were taken: it is dead until it renews, also at instants before its lease
    /// expired. So a renewal that was long on its way is told that it comes too late.
    pub const REVOKED: Self = Self { until: Timestamp::MIN };

    /// Whether a node with this lease, if it has one, is dead at `now`.
    #[must_use]
    pub fn is_dead(lease: Option<Self>, now: Timestamp) -> bool {
        lease.is_none_or(|lease| lease.until <= now)
    }

    /// Whether a renewal at `now` comes after the lease has expired. A node that was not known had none that
    /// could expire.
    #[must_use]
    pub fn has_expired(lease: Option<Self>, now: Timestamp) -> bool {
        lease.is_some() && Self::is_dead(lease, now)
    }
}
