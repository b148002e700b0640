//! Unknown options and invalid names.

use punctual_macros::task;

#[task(nmae = "send", crate = "punctual_core")]
fn unknown() {}

#[task(crate = "punctual_core", name = "one", name = "two")]
fn twice() {}

#[task(name = "", crate = "punctual_core")]
fn empty() {}

#[task(name = "two\nlines", crate = "punctual_core")]
fn control() {}

#[task(name = 7, crate = "punctual_core")]
fn number() {}

#[task("send", crate = "punctual_core")]
fn bare() {}

fn main() {}
