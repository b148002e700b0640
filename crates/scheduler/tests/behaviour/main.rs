//! What a scheduler does, through its public face.

// The macro's code looks for the facade; here core stands in for it.
extern crate punctual_core as punctual;

mod common;
mod failures;
mod jobs;
mod life;
mod records;
mod rules;
