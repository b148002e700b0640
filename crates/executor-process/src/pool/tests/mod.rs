//! What can't be brought about from outside.

mod late;
mod strangers;

use punctual_core::Tasks;
use punctual_macros::task;

#[task(crate = "punctual_core")]
fn nothing() {}

fn tasks() -> Tasks {
    Tasks::new().task(nothing)
}

/// Not a test, but the main function of the children: this program is a test harness.
#[test]
fn child() {
    crate::init(&tasks());
}
