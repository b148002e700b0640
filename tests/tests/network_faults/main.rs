//! The connections between processes and their servers stall, are closed, and deliver requests late.
//!
//! `PUNCTUAL_TRIALS` is the number of trials of each test case on each database, and `PUNCTUAL_SEED` reproduces earlier
//! trials. Each test case prints how many trials found a violation, and fails if any did.

mod clock_offsets;
mod completions;
mod fixtures;
mod grace_times;
mod held_message;
mod late_commits;
mod processes;
mod proxy;
mod trials;

/// The number of concurrent trials per processor if processes mostly wait.
const WAITING_TRIALS: usize = 3;

/// The number of concurrent trials per processor if a slow machine would hide violations.
const TIMING_TRIALS: usize = 1;

/// Instantiates each test case for each database.
macro_rules! for_every_server {
    ($($server:ident)*) => {$(
        mod $server {
            use punctual_tests::backend;

            use crate::trials::run;
            use crate::{TIMING_TRIALS, WAITING_TRIALS};

            #[test]
            fn a_late_commit_has_no_effect() {
                let server = backend(stringify!($server));
                run("late commits", server, WAITING_TRIALS, crate::late_commits::trial);
            }

            #[test]
            fn no_attempt_completes_twice() {
                let server = backend(stringify!($server));
                run("completions after an outage", server, WAITING_TRIALS, crate::completions::trial);
            }

            #[test]
            fn no_first_attempt_starts_after_its_grace_time() {
                let server = backend(stringify!($server));
                run("grace times", server, WAITING_TRIALS, crate::grace_times::trial);
            }

            #[test]
            fn no_run_starts_early() {
                let server = backend(stringify!($server));
                run("clock offsets", server, TIMING_TRIALS, crate::clock_offsets::trial);
            }
        }
    )*};
}

punctual_backends::for_each_backend!(server => for_every_server);
