//! What cases write into a backend to see how a store bears it.

use punctual_core::{JobId, NodeId, RunId};

/// Something in a backend that makes no sense; see [`StoreFixture::damage`](super::StoreFixture::damage).
/// Whatever it is about is there.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Damage {
    /// The fence of a job becomes this number.
    Fence(JobId, i64),
    /// The revision of a job becomes this number.
    Revision(JobId, i64),
    /// The count of a job's fires becomes this number.
    FireCount(JobId, i64),
    /// The task of a job becomes this text.
    Task(JobId, String),
    /// The id of a job becomes this text, in every copy, also where it is part of a key.
    Id(JobId, String),
    /// The attempt of a run of a job becomes this number.
    Attempt(JobId, RunId, i64),
    /// The fence of a run of a job becomes this number.
    RunFence(JobId, RunId, i64),
    /// The node of a run of a job becomes this text.
    RunNode(JobId, RunId, String),
    /// The lease of a node becomes something that is no instant.
    Lease(NodeId),
    /// The key of a value in the metadata becomes this text.
    Key(String, String),
    /// The outcome of a run becomes this text, in its entry of the history.
    Outcome(RunId, String),
}
