//! Commands as real processes.

mod common;
mod ending;
mod output;
mod stopping;
mod stored;
