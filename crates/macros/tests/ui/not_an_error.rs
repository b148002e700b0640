//! A `Result` whose error type is not an error must not be treated as a plain value.

use punctual_macros::task;

#[task(crate = "punctual_core")]
fn counts() -> Result<(), u32> {
    Err(7)
}

fn main() {}
