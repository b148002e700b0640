//! Children that are killed at random under load.

use std::collections::HashSet;
use std::time::Duration;

use punctual_core::{ProcessTermination, RunOutcome};
use rustix::process::{Pid, Signal, kill_process};

use crate::fixture::{PoolFixture, TIMEOUT, becomes_true, fixture, value};
use crate::tasks;

const RUNS: usize = 10_000;
const CHILDREN: usize = 3;

fn kill(pid: u64) {
    let pid = Pid::from_raw(pid as i32).expect("a process id");
    // It may have been killed already.
    let _ = kill_process(pid, Signal::KILL);
}

#[test]
fn every_run_is_reported_once_and_the_pool_is_full_again() {
    let fixture = fixture(|pool| pool.processes(CHILDREN));
    let endings: Vec<_> = (0..RUNS).map(|_| fixture.submit(tasks::pid())).collect();
    let (mut seen, mut lost, mut killed) = (HashSet::new(), 0, Vec::new());
    for (number, ending) in endings.iter().enumerate() {
        match ending.outcome() {
            RunOutcome::Success(pid) => {
                let pid = pid.as_u64().expect("a process id");
                seen.insert(pid);
                // Sometimes kills the child that has executed this run, during another run.
                if number % 100 < 2 {
                    killed.push(pid);
                    kill(pid);
                }
            }
            RunOutcome::Killed(ProcessTermination::Signal(9)) => lost += 1,
            other => panic!("run {number}: {other}"),
        }
    }
    killed.iter().for_each(|&pid| assert_reaped(pid));
    assert_full(&fixture);
    // A second report of a run would have been received by now.
    assert!(endings.iter().all(|ending| ending.try_next().is_none()));
    assert!(seen.len() > CHILDREN, "{} kills; {} children", killed.len(), seen.len());
    // Each kill costs at most one run: the current one.
    assert!(lost <= killed.len(), "{lost} runs lost by {} kills", killed.len());
    for pid in seen {
        assert_reaped(pid);
    }
}

#[test]
fn an_idle_child_that_is_killed_is_replaced() {
    let fixture = fixture(|pool| pool.processes(CHILDREN));
    for _ in 0..5 {
        let child = fixture.pid();
        kill(child);
        // The pool may not have detected the exit when it sends the next run.
        let next = fixture.run(tasks::pid());
        assert!(matches!(
            next,
            RunOutcome::Success(_) | RunOutcome::Killed(ProcessTermination::Signal(9))
        ));
        assert_reaped(child);
        assert_ne!(fixture.pid(), child);
    }
    assert_full(&fixture);
}

/// Asserts that the pool has reaped the child. Until then a run may still be sent to it, and be killed too.
#[track_caller]
fn assert_reaped(pid: u64) {
    let reaped = || !std::fs::exists(format!("/proc/{pid}")).unwrap();
    assert!(becomes_true(TIMEOUT, reaped), "{pid} was never reaped");
}

/// Asserts that as many runs execute at a time as there may be children. Shuts the pool down.
#[track_caller]
fn assert_full(fixture: &PoolFixture) {
    let runs: Vec<_> = (0..CHILDREN).map(|_| fixture.submit(tasks::listens())).collect();
    runs.iter().for_each(|_| assert_eq!(fixture.line().text, "listening"));
    fixture.shutdown(Duration::ZERO);
    runs.iter().for_each(|run| assert_eq!(value(run.outcome()), "cancelled"));
}
