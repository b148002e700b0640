//! Executes one seed after another.

use std::fmt::Write;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use parking_lot::Mutex;

use crate::check::{Counts, Violation};
use crate::runner::run_script;
use crate::script::Script;
use crate::shrink::shorten;

/// One seed in this many is executed twice, to check that the traces are equal.
const REPLAY_INTERVAL: u64 = 50;

/// A seed that violates an invariant.
#[derive(Clone, Debug)]
pub struct Found {
    /// The seed.
    pub seed: u64,
    /// The number of seeds before this one.
    pub after: u64,
    /// The violation.
    pub violation: Violation,
    /// The shortened script and its trace.
    pub report: String,
}

/// The result of a search.
#[derive(Clone, Copy, Debug, Default)]
pub struct Searched {
    /// The number of seeds.
    pub seeds: u64,
    /// Counts of events in all of them.
    pub counts: Counts,
}

/// Executes the scripts that `script` generates for `seeds` seeds from `first` on, in `threads` threads, until one violates an invariant.
///
/// # Errors
///
/// Returns the first seed that was found to violate an invariant.
pub fn search(
    script: fn(u64) -> Script,
    first: u64,
    seeds: u64,
    threads: usize,
) -> Result<Searched, Box<Found>> {
    let (next, stop) = (AtomicU64::new(0), AtomicBool::new(false));
    let all = Mutex::new((Searched::default(), None::<(u64, Violation)>));
    thread::scope(|scope| {
        for _ in 0..threads.max(1) {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= seeds {
                        return;
                    }
                    let (counts, violation) = try_seed(
                        &script(first.wrapping_add(number)),
                        number % REPLAY_INTERVAL == 0,
                    );
                    let mut all = all.lock();
                    all.0.seeds += 1;
                    all.0.counts = all.0.counts + counts;
                    if let Some(violation) = violation {
                        stop.store(true, Ordering::Relaxed);
                        // The lowest seed is reported, whichever thread finished first.
                        if all.1.as_ref().is_none_or(|&(other, _)| number < other) {
                            all.1 = Some((number, violation));
                        }
                    }
                }
            });
        }
    });
    match all.into_inner() {
        (searched, None) => Ok(searched),
        (_, Some((after, violation))) => {
            let seed = first.wrapping_add(after);
            Err(Box::new(report(&script(seed), seed, after, violation)))
        }
    }
}

fn try_seed(script: &Script, twice: bool) -> (Counts, Option<Violation>) {
    let played = run_script(script, twice);
    if twice && played.violation.is_none() {
        let again = run_script(script, true);
        if let Some((one, other)) =
            played.trace.iter().zip(&again.trace).find(|(one, other)| one != other)
        {
            let text = format!("{one}\n{other}");
            return (played.counts, Some(Violation { rule: "a seed is reproducible", text }));
        }
    }
    (played.counts, played.violation)
}

fn report(script: &Script, seed: u64, after: u64, violation: Violation) -> Found {
    let script = shorten(script, &violation);
    let played = run_script(&script, true);
    let mut report = String::new();
    let _ = writeln!(report, "{script:#?}");
    for line in &played.trace {
        let _ = writeln!(report, "{line}");
    }
    let violation = played.violation.unwrap_or(violation);
    Found { seed, after, violation, report }
}

impl std::ops::Add for Counts {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            consumed: self.consumed + other.consumed,
            starts: self.starts + other.starts,
            again: self.again + other.again,
            skipped: self.skipped + other.skipped,
        }
    }
}
