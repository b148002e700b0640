//! Compares random triggers of every kind with brute force, around the transitions of every zone of the bundled
//! database from 1970 to 2100.
//!
//! A failure prints the smallest failing case and its transition. Debug builds test a part of the transitions;
//! `PUNCTUAL_PROPERTY_ROUNDS=5 cargo test --release -p punctual-triggers --test properties` tests all of them five
//! times with different triggers. `PUNCTUAL_PROPERTY_SEED` sets the random seed.

mod calendar;
mod check;
mod cron;
mod day;
mod expression;
mod schedule;
mod text;
mod units;
mod zones;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

use check::Case;
use cron::{Fields, Line};

/// Every `EVERY`th transition is tested.
const EVERY: usize = if cfg!(debug_assertions) { 7 } else { 1 };

fn number(variable: &str, default: u64) -> u64 {
    let set = std::env::var(variable).ok();
    set.map_or(default, |text| text.parse().expect("a number"))
}

/// Returns a test runner that generates the same cases for the same seed.
fn runner(seed: u64) -> TestRunner {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config {
        cases: if cfg!(debug_assertions) { 500 } else { 20_000 },
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}

fn seed() -> u64 {
    number("PUNCTUAL_PROPERTY_SEED", 20_261)
}

#[test]
fn fires_equal_brute_force_around_every_transition() {
    let all = zones::all_transitions();
    assert!(all.len() > 5_000, "{}", all.len());
    let seed = seed();
    let mut runner = runner(seed);
    for round in 0..number("PUNCTUAL_PROPERTY_ROUNDS", 1) as usize {
        for transition in all.iter().skip(round % EVERY).step_by(EVERY) {
            let case = Case::any().new_tree(&mut runner).unwrap();
            match runner.run_one(case, |case| case.check(transition)) {
                Err(TestError::Fail(reason, case)) => {
                    panic!("seed {seed}, {transition:?}: {reason}\n{case:#?}")
                }
                other => assert!(other.is_ok(), "{other:?}"),
            }
        }
    }
}

#[test]
fn display_text_can_be_parsed() {
    let seed = seed();
    let fields = runner(seed).run(&Fields::any(), |fields| text::fields_read_back(&fields));
    fields.unwrap_or_else(|failed| panic!("seed {seed}: {failed}"));
    let lines = runner(seed).run(&Line::any(), |line| text::line_reads_back(&line));
    lines.unwrap_or_else(|failed| panic!("seed {seed}: {failed}"));
}
