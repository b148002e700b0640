//! Shortens a script that violates an invariant.

use crate::check::Violation;
use crate::runner::run_script;
use crate::script::{CallFaultRates, ExecutorFaultRates, Script};

/// The maximum number of scripts that are tried.
const TRIES: usize = 2_000;

/// Removes everything that is not needed for the same violation: first large groups of steps, then single steps, then
/// random faults.
pub(crate) fn shorten(script: &Script, violation: &Violation) -> Script {
    let mut best = script.clone();
    let mut tries = 0;
    let mut is_broken = |script: &Script| {
        tries += 1;
        tries <= TRIES
            && run_script(script, false).violation.is_some_and(|v| v.rule == violation.rule)
    };
    let mut part = best.steps.len().div_ceil(2).max(1);
    loop {
        let mut from = 0;
        let mut is_shorter = false;
        while from < best.steps.len() {
            let mut fewer = best.clone();
            fewer.steps.drain(from..(from + part).min(best.steps.len()));
            if is_broken(&fewer) {
                (best, is_shorter) = (fewer, true);
            } else {
                from += part;
            }
        }
        for simpler in simpler(&best) {
            if is_broken(&simpler) {
                (best, is_shorter) = (simpler, true);
                break;
            }
        }
        if part == 1 && !is_shorter {
            return best;
        }
        part = if is_shorter { part } else { part / 2 }.max(1);
    }
}

/// Returns variants of the script with fewer random faults.
fn simpler(script: &Script) -> Vec<Script> {
    let mut all = Vec::new();
    let mut with = |change: &dyn Fn(&mut Script)| {
        let mut simpler = script.clone();
        change(&mut simpler);
        if format!("{simpler:?}") != format!("{script:?}") {
            all.push(simpler);
        }
    };
    for machine in 0..script.machines.len() {
        with(&|script| script.machines[machine].call_faults = CallFaultRates::default());
        with(&|script| script.machines[machine].executor = ExecutorFaultRates::default());
        with(&|script| script.machines[machine].ahead = 0);
        with(&|script| script.machines[machine].drift = 0);
        with(&|script| script.machines[machine].has_identity = false);
        for share in 0..5 {
            with(&|script| {
                let call_faults = &mut script.machines[machine].call_faults;
                let shares = [
                    &mut call_faults.refused,
                    &mut call_faults.lost,
                    &mut call_faults.late,
                    &mut call_faults.part,
                    &mut call_faults.slow,
                ];
                *shares.into_iter().nth(share).expect("five") = 0;
            });
        }
    }
    all
}
