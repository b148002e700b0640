//! Tests of the builder's options.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use punctual_core::{Executor, ExecutorError, RunOutcome};
use punctual_executor_process::ProcessPoolExecutor;
use punctual_testkit::executor::blocking_run;
use serde_json::json;

use crate::fixture::{TIMEOUT, becomes_true, fixture, in_dedicated_process, is_running};
use crate::tasks;

#[test]
fn a_child_executes_many_runs() {
    let fixture = fixture(|pool| pool);
    let child = fixture.pid();
    assert!((0..100).all(|_| fixture.pid() == child));
}

#[test]
#[cfg(target_os = "linux")]
fn a_child_has_the_name_of_the_program() {
    let fixture = fixture(|pool| pool);
    let name = |process: &str| std::fs::read_to_string(format!("/proc/{process}/comm")).unwrap();
    assert_eq!(name(&fixture.pid().to_string()), name("self"));
}

#[test]
fn a_child_is_replaced_after_a_number_of_runs() {
    let fixture = fixture(|pool| pool.recycle_after(3));
    let endings: Vec<_> = (0..30).map(|_| fixture.submit(tasks::pid())).collect();
    let pids: Vec<_> = endings.iter().map(|e| crate::fixture::value(e.outcome())).collect();
    for (index, pids) in pids.chunks(3).enumerate() {
        assert!(pids.iter().all(|pid| *pid == pids[0]), "child {index}: {pids:?}");
    }
    assert!(pids.chunks(3).map(|pids| &pids[0]).is_sorted_by(|a, b| a != b));
}

#[test]
#[cfg(target_os = "linux")]
fn a_child_is_replaced_above_a_memory_size() {
    let fixture = fixture(|pool| pool.recycle_memory(64 << 20));
    let child = fixture.pid();
    assert_eq!(fixture.value(tasks::keeps(1 << 20)), json!(child));
    // Its memory is checked at intervals.
    let replaced = || fixture.value(tasks::keeps(16 << 20)) != json!(child);
    assert!(becomes_true(TIMEOUT, replaced));
    assert!(!is_running(child));
}

#[test]
fn environment_directory_and_niceness_are_applied() {
    let folder = std::env::temp_dir().canonicalize().unwrap();
    let fixture = fixture(|pool| pool.env("COLOUR", "blue").current_dir(&folder).nice(3));
    assert_eq!(fixture.value(tasks::variable("COLOUR".into())), json!("blue"));
    assert_eq!(fixture.value(tasks::place()), json!(folder));
    let mine = rustix::process::getpriority_process(None).unwrap();
    assert_eq!(fixture.value(tasks::niceness()), json!((mine + 3).min(19)));
}

#[test]
fn env_clear_leaves_only_the_given_variables() {
    assert!(std::env::var_os("PATH").is_some());
    let fixture = fixture(|pool| pool.env("COLOUR", "blue").env_clear());
    assert_eq!(fixture.value(tasks::variable("PATH".into())), json!(null));
    assert_eq!(fixture.value(tasks::variable("COLOUR".into())), json!("blue"));
}

#[test]
#[cfg(target_os = "linux")]
fn a_memory_limit_too_small_for_the_job_thread_is_reported() {
    let fixture = fixture(|pool| pool.memory_limit(4 << 20));
    let outcome = fixture.run(tasks::pid());
    let RunOutcome::Refused(reason) = &outcome else { panic!("expected a rejection: {outcome}") };
    assert!(reason.contains("can't start the job thread"), "{reason}");
}

#[test]
fn a_grace_period_can_be_unlimited() {
    let fixture = fixture(|pool| pool.grace(Duration::MAX));
    let ending = fixture.submit(tasks::listens());
    assert_eq!(fixture.line().text, "listening");
    fixture.shutdown(Duration::ZERO);
    assert_eq!(crate::fixture::value(ending.outcome()), "cancelled");
}

/// In a dedicated process, which has no other children.
#[test]
#[cfg(target_os = "linux")]
fn children_are_started_on_demand_or_eagerly() {
    if !in_dedicated_process("options::children_are_started_on_demand_or_eagerly", ":") {
        return;
    }
    let late = fixture(|pool| pool.processes(3));
    assert_eq!(children(), 0);
    // A single run: directly after it, its child might not be idle yet.
    late.pid();
    assert_eq!(children(), 1);
    late.shutdown(TIMEOUT);
    let early = fixture(|pool| pool.processes(3).eager());
    for _ in 0..2 {
        assert_eq!(children(), 3);
        assert!(early.run(tasks::pid()).is_success());
        early.shutdown(TIMEOUT);
        assert_eq!(children(), 0);
        early.executor.start().unwrap();
    }
}

/// The number of children of this process.
#[cfg(target_os = "linux")]
fn children() -> usize {
    let parent = |entry: std::io::Result<std::fs::DirEntry>| {
        let stat = std::fs::read_to_string(entry.ok()?.path().join("stat")).ok()?;
        // The name before `)` may contain any character; the process state follows it.
        let parent = stat.rsplit(") ").next()?.split(' ').nth(1)?;
        parent.parse::<u32>().ok()
    };
    let parents = std::fs::read_dir("/proc").unwrap().filter_map(parent);
    parents.filter(|parent| *parent == std::process::id()).count()
}

#[test]
fn failed_starts_of_children_are_reported() {
    let nowhere = "/does/not/exist";
    let build = |eager| {
        let pool = ProcessPoolExecutor::builder().processes(2).current_dir(nowhere);
        if eager { pool.eager() } else { pool }.build().unwrap()
    };
    punctual_executor_process::init(&tasks::all());
    let error = build(true).start().unwrap_err();
    assert!(matches!(error, ExecutorError::Start(_)), "{error}");
    // Without `eager`, the runs are rejected with the error.
    let fixture = fixture(|pool| pool.current_dir(nowhere));
    let endings: Vec<_> = (0..100).map(|_| fixture.submit(tasks::pid())).collect();
    for ending in endings {
        let outcome = ending.outcome();
        let refused =
            matches!(&outcome, RunOutcome::Refused(reason) if reason.contains("No such file"));
        assert!(refused, "{outcome}");
    }
}

#[test]
fn the_program_is_not_a_child_when_a_job_starts_it() {
    let fixture = fixture(|pool| pool);
    assert_eq!(fixture.value(tasks::starts_the_program()), json!(true));
}

#[test]
fn children_of_an_async_program_run_jobs_of_every_kind() {
    let args = ["async_child", "--exact", "--nocapture", "--test-threads=2"];
    let fixture = fixture(|pool| pool.args(args));
    assert!(fixture.pid() > 0);
    let ending = fixture.submit(tasks::listens());
    assert_eq!(fixture.line().text, "listening");
    fixture.shutdown(Duration::ZERO);
    assert!(ending.outcome().is_success());
}

#[test]
fn closures_are_rejected() {
    let fixture = fixture(|pool| pool);
    let (run, _ending) = blocking_run(|_| ());
    let refused = fixture.executor.submit(run).unwrap_err();
    assert!(matches!(refused.reason, ExecutorError::Unsupported(_)), "{}", refused.reason);
}

#[test]
fn options_are_checked() {
    let pool = ProcessPoolExecutor::builder;
    for (builder, expected) in [
        (pool().processes(0), "processes is 0: it must be from 1 to 1024"),
        (pool().nice(20), "nice is 20: it must be from 0 to 19"),
        (pool().recycle_after(0), "recycle_after is 0: it must be at least 1"),
        (pool().timeout(Duration::ZERO), "timeout is 0: it must be more than 0"),
        (pool().max_message_bytes(10), "max_message_bytes is 10: it must be from 1 KiB to 128 MiB"),
    ] {
        assert_eq!(builder.build().unwrap_err().to_string(), expected);
    }
}

#[test]
#[cfg(target_os = "linux")]
fn limits_of_memory_are_checked() {
    let pool = ProcessPoolExecutor::builder;
    for (builder, expected) in [
        (pool().recycle_memory(1_000), "recycle_memory is 1000: it must be at least 1 MiB"),
        (pool().memory_limit(0), "memory_limit is 0: it must be at least 1 MiB"),
    ] {
        assert_eq!(builder.build().unwrap_err().to_string(), expected);
    }
}

#[test]
fn secrets_are_not_shown() {
    let pool = ProcessPoolExecutor::builder().env("PASSWORD", "swordfish").args(["swordfish"]);
    assert!(!format!("{pool:?} {:?}", pool.clone().build()).contains("swordfish"));
}

#[test]
#[cfg(target_os = "linux")]
fn children_inherit_no_other_open_files() {
    // Some may have been inherited by the test process.
    let open = |link: std::io::Result<std::fs::DirEntry>| std::fs::read_link(link?.path());
    let before: HashSet<_> =
        std::fs::read_dir("/proc/self/fd").unwrap().filter_map(|link| open(link).ok()).collect();
    let fixture = fixture(|pool| pool.processes(3).eager());
    let files: HashSet<String> = serde_json::from_value(fixture.value(tasks::files())).unwrap();
    let new = |kind| {
        let is_new = |file: &&String| file.starts_with(kind) && !before.contains(Path::new(file));
        files.iter().filter(is_new).count()
    };
    assert_eq!((new("socket:"), new("pipe:")), (1, 2), "{files:?}");
}
