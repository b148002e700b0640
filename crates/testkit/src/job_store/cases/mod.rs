//! The cases, by the part of the contract that they check. A case counts when it is on the list in
//! `suite.rs`; a test of this crate compares the two.

pub mod starting;
