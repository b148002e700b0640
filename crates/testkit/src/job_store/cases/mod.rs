//! The cases, grouped by the part of the contract that they check. Only the cases that are listed in `suite.rs` run; a
//! test of this crate checks that the list is complete.
#![allow(missing_docs, reason = "the names of the cases describe what they check")]

pub mod adding;
pub mod capabilities;
pub mod claim_takeover;
pub mod claiming;
pub mod committing;
pub mod concurrent;
pub mod contention;
pub mod corruption;
pub mod history;
pub mod lifecycle;
pub mod listing;
pub mod metadata;
pub mod multi_process;
pub mod next_wakeup;
pub mod notifications;
pub mod persistence;
pub mod postponing;
pub mod random;
pub mod retrying;
pub mod run_takeover;
pub mod transactions;
pub mod updating;
pub mod values;
