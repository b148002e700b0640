//! The quick start example is killed in the middle of a run and restarted.

use std::path::Path;
use std::process::Command;

use punctual_tests::process::Process;

fn quickstart(file: &Path, options: &[&str]) -> Process {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quickstart"));
    Process::start(command.arg("--file").arg(file).args(options))
}

#[test]
fn the_quick_start_continues_after_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("jobs.sqlite");

    let mut first = quickstart(&file, &[]);
    assert!(first.next_line().ends_with("is new."));
    first.wait_for_line(|line| line.contains("greet: success"));
    // By now the run is recorded, which takes some milliseconds.
    first.wait_for_line(|line| line.contains("part 2 of 3, attempt 1"));
    first.kill();

    let mut second = quickstart(&file, &[]);
    assert!(second.next_line().starts_with("Found in"));
    let mut found = [second.next_line(), second.next_line(), second.next_line()];
    found.sort();
    assert!(found[0].contains("was interrupted during a run"), "{found:#?}");
    assert!(found[1].contains("back_up (trigger: interval[0:00:05]"), "{found:#?}");
    assert!(found[2].contains("chime (trigger: cron[second='*/10']"), "{found:#?}");
    let mut wait_for = |words: &str| {
        second.wait_for_line(|line| {
            assert!(!line.contains("Hello"), "the date trigger fired twice: {line}");
            line.contains(words)
        })
    };
    wait_for("back_up: this run was interrupted and is recovered");
    wait_for("part 3 of 3, attempt 2");
    wait_for("back_up: success");
    // The first run may have been due while no process ran, and later ones may be late on a busy machine.
    let on_time = (0..6).any(|_| is_on_time(&wait_for("chime: success")));
    assert!(on_time, "a chime every ten seconds");
    second.kill();

    let rest = quickstart(&file, &["--for", "1"]).shut_down();
    assert!(
        !rest.iter().any(|line| line.contains("Hello")),
        "the date trigger fired twice: {rest:#?}"
    );
}

/// Returns whether the run was less than a second late.
fn is_on_time(line: &str) -> bool {
    line.ends_with("ms late)") || line.ends_with("µs late)")
}
