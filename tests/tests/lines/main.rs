//! The connections between processes and their servers stall, are closed, and deliver requests late.
//!
//! `PUNCTUAL_TRIALS` is the number of trials of each test case on each database, and `PUNCTUAL_SEED` reproduces earlier
//! trials. Each test case prints how many trials found a violation, and fails if any did.

mod cast;
mod early;
mod ends;
mod grace;
mod hold;
mod late;
mod line;
mod stage;
mod trials;

/// The number of concurrent trials per processor if processes mostly wait.
const MOSTLY_WAITS: usize = 3;

/// The number of concurrent trials per processor if a slow machine would hide violations.
const HAS_TO_BE_QUICK: usize = 1;

/// Instantiates each test case for each database.
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
                run("completions after an outage", backend(stringify!($server)), MOSTLY_WAITS, crate::ends::trial);
            }

            #[test]
            fn no_first_attempt_begins_after_its_grace_time() {
                run("grace times", backend(stringify!($server)), MOSTLY_WAITS, crate::grace::trial);
            }

            #[test]
            fn nothing_runs_before_its_time() {
                run("clock offsets", backend(stringify!($server)), HAS_TO_BE_QUICK, crate::early::trial);
            }
        }
    )*};
}

punctual_backends::for_each_backend!(server => on_every_server);
