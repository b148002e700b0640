//! Invalid schedules.

use punctual_macros::task;

#[task(cron = "0 25 * * *", crate = "punctual_core")]
fn hour() {}

#[task(cron = "0 5 * * monday", crate = "punctual_core")]
fn weekday() {}

#[task(cron = "0 5 * *", crate = "punctual_core")]
fn four_fields() {}

#[task(cron = "@fortnightly", crate = "punctual_core")]
fn unknown_macro() {}

#[task(cron = "0 5 30 2 *", crate = "punctual_core")]
fn february_30() {}

#[task(every = "10 apples", crate = "punctual_core")]
fn unit() {}

#[task(every = "0s", crate = "punctual_core")]
fn zero() {}

#[task(every = 10, crate = "punctual_core")]
fn number() {}

#[task(every = "10s", cron = "@daily", crate = "punctual_core")]
fn both() {}

#[task(every = "10s", every = "20s", crate = "punctual_core")]
fn twice() {}

#[task(id = "mail", crate = "punctual_core")]
fn without_schedule() {}

#[task(every = "10s", id = "", crate = "punctual_core")]
fn empty_id() {}

#[task(every = "10s", crate = "punctual_core")]
fn arguments(to: String) {
    let _ = to;
}

fn main() {}
