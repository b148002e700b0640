//! Invalid values that cases write into a backend.

use punctual_core::{JobId, NodeId, RunId};

/// An invalid value to be written into a backend; see [`StoreFixture::corrupt`](super::StoreFixture::corrupt).
/// The job, run, node, key or entry exists.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Corruption {
    /// Sets the fence of a job to this number.
    Fence(JobId, i64),
    /// Sets the revision of a job to this number.
    Revision(JobId, i64),
    /// Sets the fire count of a job to this number.
    FireCount(JobId, i64),
    /// Sets the task of a job to this text.
    Task(JobId, String),
    /// Sets the id of a job to this text, in all its copies, including those in keys.
    Id(JobId, String),
    /// Sets the attempt of a run of a job to this number.
    Attempt(JobId, RunId, i64),
    /// Sets the fence of a run of a job to this number.
    RunFence(JobId, RunId, i64),
    /// Sets the node of a run of a job to this text.
    RunNode(JobId, RunId, String),
    /// Sets the lease of a node to a value that is not an instant.
    Lease(NodeId),
    /// Sets the key of a metadata value to this text.
    Key(String, String),
    /// Sets the outcome in the history entry of a run to this text.
    Outcome(RunId, String),
}
