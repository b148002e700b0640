//! Unknown options and invalid names.

use punctual_macros::task;

#[task(nmae = "send", crate = "punctual_core")]
fn unknown() {}

#[task(name = "one", name = "two")]
fn twice() {}

#[task(name = "")]
fn empty() {}

#[task(name = "two\nlines")]
fn control() {}

#[task(name = 7)]
fn number() {}

#[task("send")]
fn bare() {}

fn main() {}
