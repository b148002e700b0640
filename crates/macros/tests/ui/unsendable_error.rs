//! Errors that can't be sent between threads.

use std::error::Error;

use punctual_core::{Action, IntoAction};
use punctual_macros::task;

#[task(crate = "punctual_core")]
fn blocking() -> Result<(), Box<dyn Error>> {
    Ok(())
}

#[task(crate = "punctual_core")]
async fn asynchronous() -> std::result::Result<u32, Box<dyn std::error::Error + Send>> {
    Ok(1)
}

fn job<M>(call: impl IntoAction<M>) -> Action {
    call.into_action()
}

fn main() {
    job(blocking());
    job(asynchronous());
}
