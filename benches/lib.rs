//! The inputs of the benchmarks, for Punctual and for the compared crates, and the measurement of CPU time.

mod expressions;
mod instants;
mod measure;

pub use expressions::{EXPRESSIONS, Expression, croner_parser};
pub use instants::{ZONES, instants};
pub use measure::{CpuTime, criterion};
