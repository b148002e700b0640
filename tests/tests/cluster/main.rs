//! Four processes share a database: each occurrence is executed once, whoever is killed, stopped or cut off.
//!
//! Runs write down when they begin and when they end, in a journal outside of the database; what is checked
//! is what they wrote.

mod chaos;
mod crew;
mod exactly_once;
mod outage;
mod plan;
mod stage;
mod stale;
mod stops;
mod verdict;

use punctual_backends::Backend;

/// The cases, on each of these stores.
macro_rules! on_stores {
    ($($store:ident)*) => {$(
        mod $store {
            use punctual_tests::backend;

            #[test]
            fn each_of_10000_occurrences_runs_exactly_once() {
                crate::exactly_once::test(backend(stringify!($store)));
            }

            #[test]
            fn a_minute_of_kills_loses_no_rerun_and_repeats_no_skip() {
                crate::chaos::test(backend(stringify!($store)));
            }

            #[test]
            fn stops_lose_nothing_and_repeat_only_what_was_stopped() {
                crate::stops::test(backend(stringify!($store)));
            }

            #[test]
            fn what_stopped_processes_do_when_they_go_on_changes_nothing() {
                crate::stale::test(backend(stringify!($store)));
            }
        }
    )*};
}

/// Those with a database that can be away.
macro_rules! on_databases {
    ($($store:ident)*) => {$(
        mod $store {
            #[test]
            fn two_outages_lose_nothing_and_repeat_nothing() {
                crate::outage::test(punctual_tests::backend(stringify!($store)));
            }
        }
    )*};
}

punctual_backends::for_each_backend!(persistent => on_stores);
// The example of a store: nothing but files.
on_stores!(folder);

mod outages {
    punctual_backends::for_each_backend!(persistent => on_databases);
}

/// What chooses the moments; `PUNCTUAL_SEED` makes it the same again.
fn seed(backend: &Backend) -> fastrand::Rng {
    let seed = number("PUNCTUAL_SEED").unwrap_or_else(|| fastrand::u64(..));
    println!("{backend:?}: PUNCTUAL_SEED={seed}");
    fastrand::Rng::with_seed(seed)
}

/// The number that a variable says, if it is set.
fn number(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}
