//! Children exit when their parent is killed.

use std::env::current_exe;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use punctual_core::Executor;
use rustix::process::{Pid, Signal, kill_process};

use crate::fixture::{TIMEOUT, becomes_true, fixture, in_dedicated_process, is_running};
use crate::tasks;

/// Environment variable that selects what a parent process does.
const ROLE: &str = "PUNCTUAL_TEST_PARENT";

/// Starts this program as a parent, which has child processes.
fn start(role: &str) -> (Child, Vec<u64>) {
    start_program(&current_exe().unwrap(), role)
}

fn start_program(program: &Path, role: &str) -> (Child, Vec<u64>) {
    let mut parent = Command::new(program)
        // With one thread, the harness prints the start of a line before the parent's output.
        .args(["parent", "--exact", "--nocapture", "--test-threads=2"])
        .env(ROLE, role)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let output = BufReader::new(parent.stdout.take().unwrap());
    let pids = output.lines().map_while(Result::ok).find_map(|line| {
        let pids = line.strip_prefix("pids ")?;
        pids.split(' ').map(|pid| pid.parse().ok()).collect::<Option<Vec<u64>>>()
    });
    (parent, pids.expect("the parent prints the process ids of its children"))
}

/// The main function of a parent process.
pub(crate) fn parent() {
    let Ok(role) = std::env::var(ROLE) else { return };
    if role == "removed" {
        std::fs::remove_file(current_exe().unwrap()).unwrap();
    }
    let fixture = fixture(|pool| pool.processes(2));
    let mut pids = Vec::new();
    for _ in 0..2 {
        pids.push(fixture.value(tasks::forks()).as_u64().unwrap());
    }
    pids.push(fixture.pid());
    if role == "busy" {
        fixture.submit(tasks::ignores());
        fixture.submit(tasks::ignores());
        while fixture.line().text != "ignoring" {}
    }
    let pids: Vec<_> = pids.iter().map(ToString::to_string).collect();
    println!("pids {}", pids.join(" "));
    loop {
        std::thread::park();
    }
}

/// Kills the parent. Returns whether all other processes exit within a second; asserts that they exit eventually.
fn exit_within_a_second((mut parent, pids): (Child, Vec<u64>)) -> bool {
    assert!(pids.iter().all(|&pid| is_running(pid)), "{pids:?}");
    parent.kill().unwrap();
    let exited = || pids.iter().all(|&pid| !is_running(pid));
    let in_time = becomes_true(Duration::from_secs(1), exited);
    assert!(in_time || becomes_true(TIMEOUT, exited), "{pids:?}");
    parent.wait().unwrap();
    in_time
}

/// Repeated, because the machine may be busy.
#[track_caller]
fn all_exit_within_a_second(start: impl Fn() -> (Child, Vec<u64>)) {
    assert!((0..5).any(|_| exit_within_a_second(start())));
}

#[test]
fn idle_children_exit_with_their_parent() {
    all_exit_within_a_second(|| start("idle"));
}

#[test]
fn busy_children_exit_with_their_parent() {
    all_exit_within_a_second(|| start("busy"));
}

#[test]
#[cfg(target_os = "linux")]
fn a_stopped_child_exits_with_its_parent() {
    all_exit_within_a_second(|| {
        let (parent, pids) = start("idle");
        let child = Pid::from_raw(pids[2] as i32).unwrap();
        kill_process(child, Signal::STOP).unwrap();
        (parent, pids)
    });
}

#[test]
#[cfg(target_os = "linux")]
fn a_program_whose_file_was_removed_can_start_children() {
    let program = current_exe().unwrap().with_extension("removed");
    all_exit_within_a_second(|| {
        // A previous test may have been interrupted.
        let _ = std::fs::remove_file(&program);
        std::fs::hard_link(current_exe().unwrap(), &program).unwrap();
        let started = start_program(&program, "removed");
        assert!(!program.exists());
        started
    });
}

/// In a dedicated process, where no other test opens files.
#[test]
#[cfg(target_os = "linux")]
fn replaced_children_leave_no_open_files() {
    if !in_dedicated_process("orphans::replaced_children_leave_no_open_files", ":") {
        return;
    }
    let open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
    let cycle = || {
        let fixture = fixture(|pool| pool.processes(2));
        for _ in 0..20 {
            fixture.killed(tasks::exits(0));
        }
        fixture.shutdown(TIMEOUT);
        fixture.executor.start().unwrap();
        fixture.pid();
        fixture.shutdown(TIMEOUT);
    };
    cycle();
    let before = open();
    cycle();
    assert!(becomes_true(TIMEOUT, || open() <= before), "{} > {before}", open());
}
