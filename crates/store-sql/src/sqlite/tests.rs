//! Tests that are specific to SQLite; the conformance suite is run by `tests/conformance`.

mod failures;
mod options;
mod plans;
mod replaced;
mod schema;
mod sizes;
mod wal;

use crate::testing::{assert_store_error, at, claim, due};
