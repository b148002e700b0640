//! Children that are killed at random while there is much to do.

use std::collections::HashSet;
use std::time::Duration;

use punctual_core::{Killed, RunOutcome};
use rustix::process::{Pid, Signal, kill_process};

use crate::rig::{PATIENCE, Rig, comes_true, rig, value};
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
    let rig = rig(|pool| pool.processes(CHILDREN));
    let endings: Vec<_> = (0..RUNS).map(|_| rig.submit(tasks::pid())).collect();
    let (mut seen, mut lost, mut killed) = (HashSet::new(), 0, Vec::new());
    for (number, ending) in endings.iter().enumerate() {
        match ending.outcome() {
            RunOutcome::Success(pid) => {
                let pid = pid.as_u64().expect("a process id");
                seen.insert(pid);
                // Sometimes the child that has just done this one, in the middle of another.
                if number % 100 < 2 {
                    killed.push(pid);
                    kill(pid);
                }
            }
            RunOutcome::Killed(Killed::Signal(9)) => lost += 1,
            other => panic!("run {number}: {other}"),
        }
    }
    killed.iter().for_each(|&pid| assert_buried(pid));
    assert_full(&rig);
    // An ending that had a second report would have it by now, or never.
    assert!(endings.iter().all(|ending| ending.further().is_none()));
    assert!(seen.len() > CHILDREN, "{} were killed; {} there were", killed.len(), seen.len());
    // Each child that was killed took one run with it at most: the one under way.
    assert!(lost <= killed.len(), "{lost} runs lost by {} kills", killed.len());
    for pid in seen {
        assert_buried(pid);
    }
}

#[test]
fn an_idle_child_that_is_killed_is_replaced() {
    let rig = rig(|pool| pool.processes(CHILDREN));
    for _ in 0..5 {
        let child = rig.pid();
        kill(child);
        // Its end may not have been noticed yet when the next run is sent to it.
        let next = rig.run(tasks::pid());
        assert!(matches!(next, RunOutcome::Success(_) | RunOutcome::Killed(Killed::Signal(9))));
        assert_buried(child);
        assert_ne!(rig.pid(), child);
    }
    assert_full(&rig);
}

/// The pool has noticed its end. Until then a run may still be sent to it, and be killed too.
#[track_caller]
fn assert_buried(pid: u64) {
    let buried = || !std::fs::exists(format!("/proc/{pid}")).unwrap();
    assert!(comes_true(PATIENCE, buried), "{pid} was never buried");
}

/// As many runs are under way at a time as there may be children. Ends the pool.
#[track_caller]
fn assert_full(rig: &Rig) {
    let runs: Vec<_> = (0..CHILDREN).map(|_| rig.submit(tasks::listens())).collect();
    runs.iter().for_each(|_| assert_eq!(rig.line().text, "listening"));
    rig.shutdown(Duration::ZERO);
    runs.iter().for_each(|run| assert_eq!(value(run.outcome()), "asked to end"));
}
