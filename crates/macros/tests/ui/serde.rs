//! Arguments and return values that serde does not support.

use punctual_core::{Action, IntoAction};
use punctual_macros::task;
use serde::{Deserialize, Serialize};

struct Unknown;

#[derive(Serialize, Deserialize)]
struct Known;

#[task(crate = "punctual_core")]
fn one_argument(
    number: u32,
    unknown: Unknown,
    names: Vec<String>,
) {
    let _ = (number, unknown, names);
}

#[task(crate = "punctual_core")]
fn one_of_several(known: Known, unknown: Unknown) {
    let _ = (known, unknown);
}

#[task(crate = "punctual_core")]
fn value() -> Unknown {
    Unknown
}

fn job<M>(call: impl IntoAction<M>) -> Action {
    call.into_action()
}

fn main() {
    job(one_argument(1, Unknown, Vec::new()));
    job(value());
}
