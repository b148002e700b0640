//! Processes whose lines to the server stall, are cut, and deliver late what was said on them.
//!
//! `PUNCTUAL_TRIALS` says how many trials of each case there are on each database, `PUNCTUAL_SEED` makes them the
//! same again. Each case prints how many trials showed a fault, and fails if any did.

mod cast;
mod early;
mod ends;
mod grace;
mod hold;
mod late;
mod line;
mod stage;
mod trials;

/// How many trials there are at a time for each processor, where processes mostly wait.
const MOSTLY_WAITS: usize = 3;

/// And where nothing shows on a machine that is late with everything.
const HAS_TO_BE_QUICK: usize = 1;

/// Each case on each database.
macro_rules! on_every_server {
    ($($server:ident)*) => {$(
        mod $server {
            use punctual_tests::backend;

            use crate::trials::run;
            use crate::{HAS_TO_BE_QUICK, MOSTLY_WAITS};

            #[test]
            fn a_commit_that_arrives_late_brings_no_run_back() {
                run("late commits", backend(stringify!($server)), MOSTLY_WAITS, crate::late::trial);
            }

            #[test]
            fn no_attempt_ends_twice() {
                run("ends after an outage", backend(stringify!($server)), MOSTLY_WAITS, crate::ends::trial);
            }

            #[test]
            fn no_first_attempt_begins_after_its_grace_time() {
                run("grace times", backend(stringify!($server)), MOSTLY_WAITS, crate::grace::trial);
            }

            #[test]
            fn nothing_runs_before_its_time() {
                run("wrong clocks", backend(stringify!($server)), HAS_TO_BE_QUICK, crate::early::trial);
            }
        }
    )*};
}

punctual_backends::for_each_backend!(server => on_every_server);
