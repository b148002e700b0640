//! What is SQLite's own; the contract itself is checked by `tests/conformance`.

mod log;
mod options;
mod plans;
mod replaced;
mod schema;
mod sizes;
mod trouble;

use crate::testing::{at, claim, due, tells};
