//! The cases, by the part of the contract that they check. A case counts when it is on the list in
//! `suite.rs`; a test of this crate compares the two.
#![allow(missing_docs, reason = "a case's name says what it checks")]

pub mod adding;
pub mod changing;
pub mod claiming;
pub mod committing;
pub mod concurrent;
pub mod corruption;
pub mod keeping;
pub mod listing;
pub mod persisting;
pub mod postponing;
pub mod promising;
pub mod racing;
pub mod random;
pub mod recovering;
pub mod releasing;
pub mod remembering;
pub mod retrying;
pub mod sharing;

pub mod starting;
pub mod transacting;
pub mod values;
pub mod waking;
pub mod watching;
