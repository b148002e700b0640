//! What protects a run from being executed by several nodes.

use punctual_core::{Fence, Lease};

/// What prevents other nodes from running a run, and causes them to repeat it if this process dies.
#[derive(Clone, Debug)]
pub(crate) enum RunGuard {
    /// Nothing: the run is never repeated.
    None,
    /// A claim that has ended: by that of another node, which repeats the run, or by a user who has changed the job.
    Ended,
    /// An open claim with this fence. The run is not started after the time limit.
    Claim(Fence, Lease),
    /// A record of the run with this fence.
    Record(Fence),
}

impl RunGuard {
    /// Whether other nodes repeat the run if this process dies.
    pub(crate) fn is_held(&self) -> bool {
        self.fence().is_some()
    }

    /// The fence of the claim or the record. `None` if other nodes don't repeat the run.
    pub(crate) fn fence(&self) -> Option<Fence> {
        match *self {
            Self::Claim(fence, _) | Self::Record(fence) => Some(fence),
            Self::None | Self::Ended => None,
        }
    }
}
