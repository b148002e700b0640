//! The cases, by the part of the contract that they check, in the order of the list in `suite.rs`.

pub mod anywhere;
pub mod apart;
pub mod inside;
pub mod lifecycle;
pub mod outcomes;
pub mod queue;
pub mod runtime;
pub mod shutdown;
