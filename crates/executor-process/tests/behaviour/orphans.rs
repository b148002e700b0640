//! A program that is killed leaves no children behind.

use std::env::current_exe;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use punctual_core::Executor;
use rustix::process::{Pid, Signal, kill_process};

use crate::rig::{PATIENCE, alone, comes_true, lives, rig};
use crate::tasks;

/// What a parent process is to do.
const ROLE: &str = "PUNCTUAL_TEST_PARENT";

/// Starts this program as one that has children of its own.
fn start(role: &str) -> (Child, Vec<u64>) {
    start_program(&current_exe().unwrap(), role)
}

fn start_program(program: &Path, role: &str) -> (Child, Vec<u64>) {
    let mut parent = Command::new(program)
        // With one thread the harness would begin a line, and what the parent says would be the rest of it.
        .args(["parent", "--exact", "--nocapture", "--test-threads=2"])
        .env(ROLE, role)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(parent.stdout.take().unwrap());
    let pids = said.lines().map_while(Result::ok).find_map(|line| {
        let pids = line.strip_prefix("pids ")?;
        pids.split(' ').map(|pid| pid.parse().ok()).collect::<Option<Vec<u64>>>()
    });
    (parent, pids.expect("the parent says whom it has"))
}

/// What such a program does.
pub(crate) fn parent() {
    let Ok(role) = std::env::var(ROLE) else { return };
    if role == "removed" {
        std::fs::remove_file(current_exe().unwrap()).unwrap();
    }
    let rig = rig(|pool| pool.processes(2));
    let mut pids = Vec::new();
    for _ in 0..2 {
        pids.push(rig.value(tasks::forks()).as_u64().unwrap());
    }
    pids.push(rig.pid());
    if role == "busy" {
        rig.submit(tasks::ignores());
        rig.submit(tasks::ignores());
        while rig.line().text != "ignoring" {}
    }
    let pids: Vec<_> = pids.iter().map(ToString::to_string).collect();
    println!("pids {}", pids.join(" "));
    loop {
        std::thread::park();
    }
}

/// Kills the parent; whether all the others end within a second. They end in any case.
fn end_within_a_second((mut parent, pids): (Child, Vec<u64>)) -> bool {
    assert!(pids.iter().all(|&pid| lives(pid)), "{pids:?}");
    parent.kill().unwrap();
    let gone = || pids.iter().all(|&pid| !lives(pid));
    let in_time = comes_true(Duration::from_secs(1), gone);
    assert!(in_time || comes_true(PATIENCE, gone), "{pids:?}");
    parent.wait().unwrap();
    in_time
}

/// The machine may be busy, but not each time.
#[track_caller]
fn all_end_within_a_second(start: impl Fn() -> (Child, Vec<u64>)) {
    assert!((0..5).any(|_| end_within_a_second(start())));
}

#[test]
fn idle_children_end_with_their_parent() {
    all_end_within_a_second(|| start("idle"));
}

#[test]
fn busy_children_end_with_their_parent() {
    all_end_within_a_second(|| start("busy"));
}

#[test]
#[cfg(target_os = "linux")]
fn even_a_stopped_child_ends_with_its_parent() {
    all_end_within_a_second(|| {
        let (parent, pids) = start("idle");
        let child = Pid::from_raw(pids[2] as i32).unwrap();
        kill_process(child, Signal::STOP).unwrap();
        (parent, pids)
    });
}

#[test]
#[cfg(target_os = "linux")]
fn a_program_whose_file_is_gone_has_children_all_the_same() {
    let program = current_exe().unwrap().with_extension("removed");
    all_end_within_a_second(|| {
        // Another may be there from a test that was cut short.
        let _ = std::fs::remove_file(&program);
        std::fs::hard_link(current_exe().unwrap(), &program).unwrap();
        let started = start_program(&program, "removed");
        assert!(!program.exists());
        started
    });
}

/// In a process of its own, where nobody else opens files.
#[test]
#[cfg(target_os = "linux")]
fn children_that_come_and_go_leave_nothing_open() {
    if !alone("orphans::children_that_come_and_go_leave_nothing_open", ":") {
        return;
    }
    let open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let cycle = || {
        let rig = rig(|pool| pool.processes(2));
        for _ in 0..20 {
            rig.killed(tasks::exits(0));
        }
        rig.shutdown(PATIENCE);
        rig.executor.start().unwrap();
        rig.pid();
        rig.shutdown(PATIENCE);
    };
    cycle();
    let before = open();
    cycle();
    assert!(comes_true(PATIENCE, || open() <= before), "{} > {before}", open());
}
