//! Behaviour on failures.

mod clock;
mod corrupt;
mod doubt;
mod down;
mod executors;
mod lost_answers;
mod panics;
mod racing;
mod replaced;
mod runs;
mod skew;
mod takeover;
mod texts;
mod unresolved;
