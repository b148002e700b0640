//! What the benches measure: the same questions for Punctual and for its peers.

mod expressions;
mod instants;
mod measure;

pub use expressions::{EXPRESSIONS, Expression, croner_parser};
pub use instants::{ZONES, instants};
pub use measure::{CpuTime, criterion};
