//! Nodes and their leases.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// The lease of a node. A node without a lease, which has never renewed one, is expired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeLease {
    /// The expiry: from this instant on the node is expired.
    pub until: Timestamp,
}

impl NodeLease {
    /// The lease of a node whose runs or claims were taken over. The node is expired at every instant until it renews
    /// its lease, so that a delayed renewal is reported as expired.
    pub const REVOKED: Self = Self { until: Timestamp::MIN };

    /// Returns whether a node with this lease, or without one, is expired at `now`.
    #[must_use]
    pub fn is_dead(lease: Option<Self>, now: Timestamp) -> bool {
        lease.is_none_or(|lease| lease.until <= now)
    }

    /// Returns whether the lease has expired at `now`, the instant of a renewal. False for an unknown node, which has
    /// no lease.
    #[must_use]
    pub fn has_expired(lease: Option<Self>, now: Timestamp) -> bool {
        lease.is_some() && Self::is_dead(lease, now)
    }
}
