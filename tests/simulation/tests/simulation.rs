//! Executes `PUNCTUAL_SEEDS` seeds, starting with `PUNCTUAL_SEED`.

#![expect(clippy::print_stderr, reason = "prints the number of seeds and events")]

use std::thread::available_parallelism;

use punctual_simulation::{Script, run_script, script, script_with_retries, search};

fn number(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is {text:?}, not a number")))
}

#[test]
fn no_seed_violates_an_invariant() {
    search_from_variables(script);
}

#[test]
fn no_seed_with_retries_violates_an_invariant() {
    search_from_variables(script_with_retries);
}

fn search_from_variables(script: fn(u64) -> Script) {
    let first = number("PUNCTUAL_SEED").unwrap_or(0);
    let seeds =
        number("PUNCTUAL_SEEDS").unwrap_or(if number("PUNCTUAL_SEED").is_some() { 1 } else { 200 });
    let threads = available_parallelism().map_or(1, usize::from);
    match search(script, first, seeds, threads) {
        Ok(searched) => eprintln!("{searched:?}"),
        Err(found) => panic!(
            "{}\nseed {} violates an invariant, after {} other seeds: {}: {}\nPUNCTUAL_SEED={} reproduces it",
            found.report,
            found.seed,
            found.after,
            found.violation.rule,
            found.violation.text,
            found.seed
        ),
    }
}

#[test]
fn seeds_are_reproducible() {
    for seed in 0..20 {
        let script = script(seed);
        let (one, other) = (run_script(&script, true), run_script(&script, true));
        assert_eq!(one.trace, other.trace, "seed {seed}");
        assert!(one.trace.len() > 10, "seed {seed} has a trace");
    }
}
