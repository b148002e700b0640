//! Triggers made of other triggers.

mod and;
mod common;
mod members;
mod or;

pub use and::{AndTrigger, AndTriggerBuilder};
pub use or::{OrTrigger, OrTriggerBuilder};
