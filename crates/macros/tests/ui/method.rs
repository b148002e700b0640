//! A method can't be a task.

#![allow(unused_variables)]

use punctual_macros::task;

struct Mailer;

impl Mailer {
    #[task(crate = "punctual_core")]
    fn send(&self, to: String) {}
}

fn main() {}
