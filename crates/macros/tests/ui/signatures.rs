//! Functions that can't be tasks.

#![allow(unused_variables)]

use punctual_core::JobContext;
use punctual_macros::task;

#[task(crate = "punctual_core")]
fn generic<T>(value: T) {}

#[task(crate = "punctual_core")]
fn lifetime<'a>(value: Vec<&'a str>) {}

#[task(crate = "punctual_core")]
fn impl_trait(value: impl Into<String>) {}

#[task(crate = "punctual_core")]
fn text(value: &str) {}

#[task(crate = "punctual_core")]
fn slice(value: &[u8]) {}

#[task(crate = "punctual_core")]
fn nested(value: Option<&u8>) {}

#[task(crate = "punctual_core")]
fn context_by_reference(context: &JobContext) {}

#[task(crate = "punctual_core")]
fn context_later(value: u8, context: JobContext) {}

#[task(crate = "punctual_core")]
unsafe fn not_safe() {}

#[task(crate = "punctual_core")]
extern "C" fn foreign() {}

#[task(crate = "punctual_core")]
const fn constant() {}

#[task(crate = "punctual_core")]
fn nine(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8, h: u8, i: u8) {}

#[task(crate = "punctual_core")]
struct NotAFunction;

fn main() {}
