//! What the builder's options do.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use punctual_core::{Executor, ExecutorError, RunOutcome};
use punctual_executor_process::ProcessPoolExecutor;
use punctual_testkit::executor::blocking_run;
use serde_json::json;

use crate::rig::{PATIENCE, alone, comes_true, lives, rig};
use crate::tasks;

#[test]
fn a_child_lives_long() {
    let rig = rig(|pool| pool);
    let child = rig.pid();
    assert!((0..100).all(|_| rig.pid() == child));
}

#[test]
#[cfg(target_os = "linux")]
fn a_child_is_called_as_the_program() {
    let rig = rig(|pool| pool);
    let name = |process: &str| std::fs::read_to_string(format!("/proc/{process}/comm")).unwrap();
    assert_eq!(name(&rig.pid().to_string()), name("self"));
}

#[test]
fn a_child_is_replaced_after_so_many_runs() {
    let rig = rig(|pool| pool.recycle_after(3));
    let endings: Vec<_> = (0..30).map(|_| rig.submit(tasks::pid())).collect();
    let pids: Vec<_> = endings.iter().map(|e| crate::rig::value(e.outcome())).collect();
    for (index, pids) in pids.chunks(3).enumerate() {
        assert!(pids.iter().all(|pid| *pid == pids[0]), "child {index}: {pids:?}");
    }
    assert!(pids.chunks(3).map(|pids| &pids[0]).is_sorted_by(|a, b| a != b));
}

#[test]
#[cfg(target_os = "linux")]
fn a_child_is_replaced_that_has_grown() {
    let rig = rig(|pool| pool.recycle_memory(64 << 20));
    let child = rig.pid();
    assert_eq!(rig.value(tasks::keeps(1 << 20)), json!(child));
    // Its memory is looked at from time to time.
    let replaced = || rig.value(tasks::keeps(16 << 20)) != json!(child);
    assert!(comes_true(PATIENCE, replaced));
    assert!(!lives(child));
}

#[test]
fn children_have_their_surroundings() {
    let folder = std::env::temp_dir().canonicalize().unwrap();
    let rig = rig(|pool| pool.env("COLOUR", "blue").current_dir(&folder).nice(3));
    assert_eq!(rig.value(tasks::variable("COLOUR".into())), json!("blue"));
    assert_eq!(rig.value(tasks::place()), json!(folder));
    let mine = rustix::process::getpriority_process(None).unwrap();
    assert_eq!(rig.value(tasks::niceness()), json!((mine + 3).min(19)));
}

#[test]
fn children_can_have_nothing_but_what_they_are_given() {
    assert!(std::env::var_os("PATH").is_some());
    let rig = rig(|pool| pool.env("COLOUR", "blue").env_clear());
    assert_eq!(rig.value(tasks::variable("PATH".into())), json!(null));
    assert_eq!(rig.value(tasks::variable("COLOUR".into())), json!("blue"));
}

#[test]
#[cfg(target_os = "linux")]
fn a_limit_that_leaves_no_room_for_jobs_is_told() {
    let rig = rig(|pool| pool.memory_limit(4 << 20));
    let outcome = rig.run(tasks::pid());
    let RunOutcome::Refused(reason) = &outcome else { panic!("expected a refusal: {outcome}") };
    assert!(reason.contains("can't start the thread for its jobs"), "{reason}");
}

#[test]
fn a_grace_can_be_for_ever() {
    let rig = rig(|pool| pool.grace(Duration::MAX));
    let ending = rig.submit(tasks::listens());
    assert_eq!(rig.line().text, "listening");
    rig.shutdown(Duration::ZERO);
    assert_eq!(crate::rig::value(ending.outcome()), "asked to end");
}

/// In a process of its own, whose only children these are.
#[test]
#[cfg(target_os = "linux")]
fn children_are_started_when_there_is_work_or_before() {
    if !alone("options::children_are_started_when_there_is_work_or_before", ":") {
        return;
    }
    let late = rig(|pool| pool.processes(3));
    assert_eq!(children(), 0);
    // One run alone: another that comes right after its end may find nobody ready yet.
    late.pid();
    assert_eq!(children(), 1);
    late.shutdown(PATIENCE);
    let early = rig(|pool| pool.processes(3).eager());
    for _ in 0..2 {
        assert_eq!(children(), 3);
        assert!(early.run(tasks::pid()).is_success());
        early.shutdown(PATIENCE);
        assert_eq!(children(), 0);
        early.executor.start().unwrap();
    }
}

/// How many children this process has.
#[cfg(target_os = "linux")]
fn children() -> usize {
    let parent = |entry: std::io::Result<std::fs::DirEntry>| {
        let stat = std::fs::read_to_string(entry.ok()?.path().join("stat")).ok()?;
        // The name before may have anything in it; then comes the state.
        let parent = stat.rsplit(") ").next()?.split(' ').nth(1)?;
        parent.parse::<u32>().ok()
    };
    let parents = std::fs::read_dir("/proc").unwrap().filter_map(parent);
    parents.filter(|parent| *parent == std::process::id()).count()
}

#[test]
fn a_pool_whose_children_cannot_start_says_so() {
    let nowhere = "/does/not/exist";
    let build = |eager| {
        let pool = ProcessPoolExecutor::builder().processes(2).current_dir(nowhere);
        if eager { pool.eager() } else { pool }.build().unwrap()
    };
    punctual_executor_process::init(&tasks::all());
    let error = build(true).start().unwrap_err();
    assert!(matches!(error, ExecutorError::Start(_)), "{error}");
    // Otherwise it is told to the runs.
    let rig = rig(|pool| pool.current_dir(nowhere));
    let endings: Vec<_> = (0..100).map(|_| rig.submit(tasks::pid())).collect();
    for ending in endings {
        let outcome = ending.outcome();
        let refused = matches!(&outcome, RunOutcome::Refused(why) if why.contains("No such file"));
        assert!(refused, "{outcome}");
    }
}

#[test]
fn the_program_is_no_child_when_a_job_starts_it() {
    let rig = rig(|pool| pool);
    assert_eq!(rig.value(tasks::starts_the_program()), json!(true));
}

#[test]
fn children_of_an_async_program_run_jobs_of_every_kind() {
    let args = ["async_child", "--exact", "--nocapture", "--test-threads=2"];
    let rig = rig(|pool| pool.args(args));
    assert!(rig.pid() > 0);
    let ending = rig.submit(tasks::listens());
    assert_eq!(rig.line().text, "listening");
    rig.shutdown(Duration::ZERO);
    assert!(ending.outcome().is_success());
}

#[test]
fn closures_are_refused() {
    let rig = rig(|pool| pool);
    let (run, _ending) = blocking_run(|_| ());
    let refused = rig.executor.submit(run).unwrap_err();
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
        (pool().max_message(10), "max_message is 10: it must be from 1 KiB to 128 MiB"),
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
fn children_have_nothing_open_that_is_not_theirs() {
    // Some may come from wherever the tests were started.
    let open = |link: std::io::Result<std::fs::DirEntry>| std::fs::read_link(link?.path());
    let before: HashSet<_> =
        std::fs::read_dir("/proc/self/fd").unwrap().filter_map(|link| open(link).ok()).collect();
    let rig = rig(|pool| pool.processes(3).eager());
    let files: HashSet<String> = serde_json::from_value(rig.value(tasks::files())).unwrap();
    let new = |kind| {
        let is_new = |file: &&String| file.starts_with(kind) && !before.contains(Path::new(file));
        files.iter().filter(is_new).count()
    };
    assert_eq!((new("socket:"), new("pipe:")), (1, 2), "{files:?}");
}
