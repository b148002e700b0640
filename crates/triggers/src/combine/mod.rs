//! Triggers that are composed of other triggers.

mod and;
mod interval_intersection;
mod members;
mod or;

pub use and::{AndTrigger, AndTriggerBuilder};
pub use or::{OrTrigger, OrTriggerBuilder};
