//! A `Result` is a failure or a value; one whose error is no error must not pass for a value.

use punctual_macros::task;

#[task(crate = "punctual_core")]
fn counts() -> Result<(), u32> {
    Err(7)
}

fn main() {}
