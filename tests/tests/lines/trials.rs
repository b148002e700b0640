//! Many trials of a case, each from a seed of its own, several at a time.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, available_parallelism};

use fastrand::Rng;

use punctual_backends::Backend;

use crate::stage::Stage;

/// How many trials of each case on each database there are, unless `PUNCTUAL_TRIALS` says.
const TRIALS: u64 = 3;

/// What a trial has shown.
pub(crate) struct Shown {
    /// Which kind of trial it was, by its seed.
    pub kind: String,
    /// What was wrong, if anything was.
    pub fault: Option<String>,
}

/// Trials of one kind.
#[derive(Default)]
struct Count {
    trials: u64,
    faults: u64,
}

/// Makes the trials, so many for each processor at a time, and prints how many showed a fault. Trial `n` has the seed `PUNCTUAL_SEED + n`: a single one is
/// had again with that as `PUNCTUAL_SEED` and `PUNCTUAL_TRIALS=1`.
///
/// # Panics
///
/// Panics if any trial shows a fault, or can't be made.
pub(crate) fn run(
    case: &str,
    kind: &'static Backend,
    at_a_time: usize,
    trial: impl Fn(&Stage, &mut Rng) -> Shown + Sync,
) {
    let trials = number("PUNCTUAL_TRIALS").unwrap_or(TRIALS);
    let seed = number("PUNCTUAL_SEED").unwrap_or_else(|| fastrand::u64(..u64::MAX / 2));
    println!("{kind:?}: {case}: PUNCTUAL_SEED={seed}");
    let stage = Stage::new(kind);
    let threads = available_parallelism().map_or(1, usize::from) * at_a_time;
    let (next, shown) = (AtomicU64::new(0), Mutex::new(BTreeMap::new()));
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= trials {
                return;
            }
            let mut random = Rng::with_seed(seed.wrapping_add(number));
            let result = catch_unwind(AssertUnwindSafe(|| trial(&stage, &mut random)));
            let result = result.map_err(|panic| text(&*panic));
            shown.lock().expect("the results").insert(number, result);
        }
    };
    thread::scope(|scope| {
        for _ in 0..threads.min(trials.try_into().unwrap_or(threads)) {
            scope.spawn(work);
        }
    });
    let shown = shown.into_inner().expect("the results");
    let mut counts = BTreeMap::<_, Count>::new();
    let mut wrong = Vec::new();
    for (number, result) in shown {
        let seed = seed.wrapping_add(number);
        let (kind, fault) = match result {
            Ok(Shown { kind, fault }) => (kind, fault),
            Err(panic) => ("not made".to_owned(), Some(panic)),
        };
        let count = counts.entry(kind.clone()).or_default();
        count.trials += 1;
        if let Some(fault) = fault {
            count.faults += 1;
            wrong.push(format!("PUNCTUAL_SEED={seed}: {kind}: {fault}"));
        }
    }
    let by_kind = counts
        .iter()
        .map(|(kind, Count { trials, faults })| format!("{kind}: {faults} of {trials}"));
    let by_kind = by_kind.collect::<Vec<_>>().join("; ");
    println!("{kind:?}: {case}: {trials} trials, {} with a fault ({by_kind})", wrong.len());
    assert!(wrong.is_empty(), "{} of {trials}; the first:\n{}", wrong.len(), first(&wrong));
}

fn first(wrong: &[String]) -> String {
    wrong[..wrong.len().min(5)].join("\n")
}

fn text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}

/// The number that a variable says, if it is set.
fn number(name: &str) -> Option<u64> {
    let value = std::env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}
