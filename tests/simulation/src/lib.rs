//! A deterministic simulation of several schedulers on one store, in one thread and on simulated time, with fault
//! injection.
//!
//! A seed determines everything: the number of processes, the actions of users, when processes are killed, suspended
//! and started, the offsets of their clocks, and which store calls are lost, delayed or rejected. The same seed
//! reproduces exactly the same trace. The invariants are checked after each event (`check`); after a fault-free phase
//! at the end, the properties of the final state are checked too.
//!
//! The script of a seed that violates an invariant is shortened (`shrink`) and printed with its trace.

mod check;
mod connection;
mod executor;
mod gate;
mod generate;
mod process;
mod runner;
mod script;
mod search;
mod show;
mod shrink;
mod simulation;
mod spawn;
mod time;
mod user;
mod work;

pub use check::{Counts, Violation};
pub use generate::{script, script_with_retries};
pub use runner::{ScriptOutcome, run_script};
pub use script::Script;
pub use search::{Found, Searched, search};
