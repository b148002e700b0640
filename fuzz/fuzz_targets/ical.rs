#![no_main]
#![allow(dead_code, reason = "the other targets are in the same file")]

#[path = "../../crates/triggers/tests/fuzz/targets.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|text: &str| targets::ical(text));
