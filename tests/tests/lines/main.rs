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

/// Each case on each database.
macro_rules! on_every_server {
    ($($server:ident: $kind:ident;)*) => {$(
        mod $server {
            use crate::stage::Kind;
            use crate::trials::run;

            #[test]
            fn a_commit_that_arrives_late_brings_no_run_back() {
                run("late commits", Kind::$kind, crate::late::trial);
            }

            #[test]
            fn no_attempt_ends_twice() {
                run("ends after an outage", Kind::$kind, crate::ends::trial);
            }

            #[test]
            fn no_first_attempt_begins_after_its_grace_time() {
                run("grace times", Kind::$kind, crate::grace::trial);
            }

            #[test]
            fn nothing_runs_before_its_time() {
                run("wrong clocks", Kind::$kind, crate::early::trial);
            }
        }
    )*};
}

on_every_server! {
    mysql: MySql;
    postgres: Postgres;
}
