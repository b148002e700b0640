//! Whole schedulers on one store, in one thread and on a time of their own, with everything that can go wrong.
//!
//! A seed decides all: how many processes there are, what their users do, when they die, stop and start, how far their
//! clocks are off, and which calls of the store are lost, late or refused. The same seed does the same again, to the
//! letter. After each thing that happens the rules are looked at that must always hold (`check`); at the end, when all
//! has been well for a while, those that must hold then.
//!
//! A seed that breaks a rule is made shorter (`shrink`) and printed with all that happened.

mod check;
mod executor;
mod gate;
mod generate;
mod line;
mod play;
mod process;
mod script;
mod search;
mod show;
mod shrink;
mod spawn;
mod time;
mod user;
mod work;
mod world;

pub use check::{Counts, Violation};
pub use generate::script;
pub use play::{Played, play};
pub use script::Script;
pub use search::{Found, Searched, search};
