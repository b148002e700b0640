//! Four processes share a database; each fire time is run once although processes are killed, suspended or
//! disconnected.
//!
//! Runs log their start and completion in a file outside of the database; the checks use that log.

mod cancellation;
mod exactly_once;
mod fixture;
mod outage;
mod periodic_suspensions;
mod processes;
mod random_kills;
mod retries;
mod run_log;
mod suspended_owners;
mod workload;

use punctual_backends::Backend;

/// Instantiates each test case for each database.
macro_rules! for_every_store {
    ($($store:ident)*) => {$(
        mod $store {
            use punctual_tests::backend;

            #[test]
            fn each_of_10000_fire_times_runs_exactly_once() {
                crate::exactly_once::test(backend(stringify!($store)), crate::workload::JOBS);
            }

            #[test]
            fn random_kills_lose_no_rerun_and_repeat_no_skip() {
                crate::random_kills::test(backend(stringify!($store)));
            }

            #[test]
            fn killed_processes_lose_no_retry_and_no_dead_letter() {
                crate::retries::test(backend(stringify!($store)));
            }

            #[test]
            fn runs_are_cancelled_by_other_processes_and_by_timeouts() {
                crate::cancellation::test(backend(stringify!($store)));
            }

            #[test]
            fn suspensions_lose_nothing_and_repeat_only_suspended_runs() {
                use crate::periodic_suspensions::{SUSPENSIONS, test};
                test(backend(stringify!($store)), crate::workload::interrupted_jobs(), SUSPENSIONS);
            }

            #[test]
            fn two_outages_lose_nothing_and_repeat_nothing() {
                crate::outage::test(backend(stringify!($store)));
            }

            #[test]
            fn resumed_owners_do_not_modify_jobs_that_were_taken_over() {
                crate::suspended_owners::test(backend(stringify!($store)));
            }
        }
    )*};
}

punctual_backends::for_each_backend!(persistent => for_every_store);

/// The example store reads all jobs on each call, which is too slow for 10,000 runs. The example's own tests kill
/// processes that use it.
mod folder {
    use punctual_tests::backend;

    const JOBS: usize = 50;

    #[test]
    fn each_of_1000_fire_times_runs_exactly_once() {
        crate::exactly_once::test(backend("folder"), JOBS);
    }

    #[test]
    fn two_suspensions_lose_nothing_and_repeat_only_suspended_runs() {
        crate::periodic_suspensions::test(backend("folder"), JOBS, 2);
    }

    #[test]
    fn resumed_owners_do_not_modify_jobs_that_were_taken_over() {
        crate::suspended_owners::test(backend("folder"));
    }
}

/// Creates the random number generator of a test; `PUNCTUAL_SEED` reproduces an earlier run.
fn seed(backend: &Backend) -> fastrand::Rng {
    let seed = number("PUNCTUAL_SEED").unwrap_or_else(|| fastrand::u64(..));
    println!("{backend:?}: PUNCTUAL_SEED={seed}");
    fastrand::Rng::with_seed(seed)
}

/// Returns the number in an environment variable, if it is set.
fn number(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} is not a number")))
}
