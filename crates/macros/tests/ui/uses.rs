//! Uses of functions that can't be tasks cause no further errors.

use punctual_core::{Action, IntoAction, JobContext, TaskFn};
use punctual_macros::task;

#[task(crate = "punctual_core")]
fn text(context: JobContext, value: &str) {
    let _ = (context, value);
}

#[task(crate = "punctual_core", nmae = "count")]
async fn count(value: u32) -> u32 {
    value
}

fn job<M>(call: impl IntoAction<M>) -> Action {
    call.into_action()
}

fn register<M>(_: impl TaskFn<M>) {}

fn main() {
    job(text("x"));
    job(count(7));
    register(count);
    let _ = count::run(7);
}
