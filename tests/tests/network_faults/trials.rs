//! Runs several trials of a test case concurrently, each with its own seed.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, available_parallelism};

use fastrand::Rng;

use punctual_backends::Backend;

use crate::fixtures::ServerFixture;

/// The default of `PUNCTUAL_TRIALS`.
const TRIALS: u64 = 2;

/// The result of a trial.
pub(crate) struct TrialResult {
    /// The variant of the trial, which depends on its seed.
    pub variant: String,
    /// The violation, if there was one.
    pub violation: Option<String>,
}

/// Counts of the trials of one variant.
#[derive(Default)]
struct Count {
    trials: u64,
    violations: u64,
}

/// Runs the trials, `at_a_time` for each processor concurrently, and prints how many found a violation. Trial `n` has
/// the seed `PUNCTUAL_SEED + n`: that sum as `PUNCTUAL_SEED` with `PUNCTUAL_TRIALS=1` reproduces it.
///
/// # Panics
///
/// Panics if a trial finds a violation or panics itself.
pub(crate) fn run(
    case: &str,
    backend: &'static Backend,
    at_a_time: usize,
    trial: impl Fn(&ServerFixture, &mut Rng) -> TrialResult + Sync,
) {
    let trials = number("PUNCTUAL_TRIALS").unwrap_or(TRIALS);
    let seed = number("PUNCTUAL_SEED").unwrap_or_else(|| fastrand::u64(..u64::MAX / 2));
    println!("{backend:?}: {case}: PUNCTUAL_SEED={seed}");
    let server_fixture = ServerFixture::new(backend);
    let threads = available_parallelism().map_or(1, usize::from) * at_a_time;
    let (next, results) = (AtomicU64::new(0), Mutex::new(BTreeMap::new()));
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= trials {
                return;
            }
            let mut random = Rng::with_seed(seed.wrapping_add(number));
            let result = catch_unwind(AssertUnwindSafe(|| trial(&server_fixture, &mut random)));
            let result = result.map_err(|panic| text(&*panic));
            results.lock().expect("the results").insert(number, result);
        }
    };
    thread::scope(|scope| {
        for _ in 0..threads.min(trials.try_into().unwrap_or(threads)) {
            scope.spawn(work);
        }
    });
    let results = results.into_inner().expect("the results");
    let mut counts = BTreeMap::<_, Count>::new();
    let mut wrong = Vec::new();
    for (number, result) in results {
        let seed = seed.wrapping_add(number);
        let (variant, violation) = match result {
            Ok(TrialResult { variant, violation }) => (variant, violation),
            Err(panic) => ("panicked".to_owned(), Some(panic)),
        };
        let count = counts.entry(variant.clone()).or_default();
        count.trials += 1;
        if let Some(violation) = violation {
            count.violations += 1;
            wrong.push(format!("PUNCTUAL_SEED={seed}: {variant}: {violation}"));
        }
    }
    let by_variant = counts.iter().map(|(variant, Count { trials, violations })| {
        format!("{variant}: {violations} of {trials}")
    });
    let by_variant = by_variant.collect::<Vec<_>>().join("; ");
    println!(
        "{backend:?}: {case}: {trials} trials, {} with a violation ({by_variant})",
        wrong.len()
    );
    assert!(wrong.is_empty(), "{} of {trials}; the first:\n{}", wrong.len(), first(&wrong));
}

fn first(wrong: &[String]) -> String {
    wrong[..wrong.len().min(5)].join("\n")
}

fn text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}

/// Returns the number in an environment variable, if it is set.
fn number(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} is not a number")))
}
