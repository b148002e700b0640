//! Commands that are ended, and what they started.

use std::future::{pending, ready};
use std::sync::Arc;
use std::time::Duration;

use crate::common::{Held, error, rest, run};
use punctual_task_command::{CommandError, CommandStream, command, shell};
use tokio::sync::oneshot;

/// Long enough for any machine; it never passes unless something is wrong.
const LONG: Duration = Duration::from_secs(600);
/// A time that must pass.
const SHORT: Duration = Duration::from_millis(100);

#[tokio::test]
async fn a_timeout_ends_it_with_all_that_it_started() {
    let held = Arc::new(Held::new());
    let sleeps = shell(format!("{} sleep 1000 & sleep 1000", held.script())).timeout(SHORT);
    let waits = Arc::clone(&held);
    let told = tokio::task::spawn_blocking(move || waits.wait());
    let error = error(&sleeps).await;
    let ours = held.hold();
    let theirs = told.await.unwrap();
    drop(ours);
    assert_eq!(
        error.to_string(),
        "/bin/sh was ended after its timeout of 100ms: killed by signal 15"
    );
    assert!(matches!(error, CommandError::TimedOut { .. }) && error.is_retryable());
    assert_eq!(rest(theirs), "");
}

#[tokio::test]
async fn a_timeout_is_an_error_even_if_it_ends_well() {
    let polite = shell("trap 'exit 0' TERM; sleep 1000 & wait").grace(LONG);
    // On a busy machine it may not have come to the trap by then.
    for timeout in [SHORT, 10 * SHORT, 100 * SHORT, 600 * SHORT] {
        let error = error(&polite.clone().timeout(timeout)).await.to_string();
        let ended = format!("/bin/sh was ended after its timeout of {timeout:?}: ");
        match error.strip_prefix(&ended) {
            Some("exit status 0") => return,
            untrapped => assert_eq!(untrapped, Some("killed by signal 15"), "{error}"),
        }
    }
    panic!("it never came to the trap");
}

#[tokio::test]
async fn it_may_say_its_last_words() {
    // What is left when it has ended is killed.
    let script = "trap 'wait; echo outer; exit 4' TERM; sh -c 'trap \"echo inner; exit\" TERM; \
                  sleep 1000 & echo ready; wait' & wait";
    let (ready, told) = oneshot::channel();
    let mut ready = Some(ready);
    let cancelled = async { told.await.unwrap() };
    let result = shell(script)
        .grace(LONG)
        .run_watched(cancelled, |_, _| {
            if let Some(ready) = ready.take() {
                ready.send(()).unwrap();
            }
        })
        .await;
    let error = result.unwrap_err();
    assert_eq!(error.to_string(), "/bin/sh was asked to end: exit status 4");
    let mut lines: Vec<_> = error.output().unwrap().stdout.head.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["inner", "outer", "ready"]);
}

#[tokio::test]
async fn who_ends_well_when_asked_to_has_done_well() {
    let script = "trap 'echo finished; exit 0' TERM; echo ready; sleep 1000 & wait";
    let (ready, told) = oneshot::channel();
    let mut ready = Some(ready);
    let patient = shell(script).grace(LONG);
    let tell = |_: CommandStream, _: &[u8]| {
        if let Some(ready) = ready.take() {
            ready.send(()).unwrap();
        }
    };
    let output = patient.run_watched(async { told.await.unwrap() }, tell).await.unwrap();
    assert_eq!(output.stdout.head, "ready\nfinished\n");
}

#[tokio::test]
async fn the_deaf_are_killed_after_the_grace() {
    let held = Held::new();
    let deaf =
        shell(format!("trap '' TERM; {} sleep 1000; echo ended >&3", held.script())).grace(SHORT);
    let told = tokio::task::spawn_blocking(move || held.wait());
    let (started, heard) = oneshot::channel();
    let wait = async { started.send(told.await.unwrap()).unwrap() };
    let error = deaf.run(wait).await.unwrap_err();
    assert_eq!(error.to_string(), "/bin/sh was asked to end: killed by signal 9");
    assert_eq!(rest(heard.await.unwrap()), "", "all of it was killed");
}

#[tokio::test]
async fn the_deaf_among_its_children_are_killed_when_it_has_ended() {
    let held = Held::new();
    let script = format!(
        "sh -c \"trap '' TERM; {} sleep 1000; echo ended >&3\" > /dev/null 2>&1 & wait",
        held.script()
    );
    let told = tokio::task::spawn_blocking(move || held.wait());
    let (started, heard) = oneshot::channel();
    let wait = async { started.send(told.await.unwrap()).unwrap() };
    let error = shell(script).grace(LONG).run(wait).await.unwrap_err();
    assert_eq!(error.to_string(), "/bin/sh was asked to end: killed by signal 15");
    assert_eq!(rest(heard.await.unwrap()), "");
}

#[tokio::test]
async fn a_child_that_holds_the_output_holds_up_nobody() {
    let held = Held::new();
    let script = format!("{} echo before; sleep 1000 & echo $!", held.script());
    let told = tokio::task::spawn_blocking({
        let path = held.path().to_owned();
        move || std::fs::File::open(path).unwrap()
    });
    let output = run(&shell(script).output_wait(SHORT)).await.unwrap();
    let (before, child) = output.stdout.head.trim_end().split_once('\n').unwrap();
    assert_eq!(before, "before");
    let alive = |signal| {
        let mut kill = std::process::Command::new("kill");
        kill.args([signal, child]).status().unwrap().success()
    };
    assert!(alive("-0"), "it was left there on purpose");
    assert!(alive("-KILL"));
    assert_eq!(rest(told.await.unwrap()), "");
}

#[tokio::test]
async fn the_time_limit_is_the_programs_not_its_childrens() {
    let leaves = shell("sleep 1000 & echo $!").timeout(LONG).output_wait(SHORT);
    let output = run(&leaves).await.unwrap();
    let kill = std::process::Command::new("kill").arg(output.stdout.head.trim()).status();
    assert!(kill.unwrap().success());
}

#[tokio::test]
async fn what_is_dropped_is_killed() {
    let held = Held::new();
    let deaf = shell(format!("trap '' TERM; {} sleep 1000; echo ended >&3", held.script()));
    let told = tokio::task::spawn_blocking(move || held.wait());
    let held = tokio::select! {
        _ = deaf.run(pending()) => panic!("it can't end"),
        held = told => held.unwrap(),
    };
    assert_eq!(rest(held), "");
}

#[tokio::test]
async fn cancelled_before_it_begins_to_work() {
    let error = command("sleep").arg("1000").grace(LONG).run(ready(())).await.unwrap_err();
    assert_eq!(error.to_string(), "sleep was asked to end: killed by signal 15");
    let mut streams = Vec::new();
    let both = shell("echo a; echo b >&2");
    both.run_watched(pending(), |stream, _| streams.push(stream)).await.unwrap();
    streams.sort();
    assert_eq!(streams, [CommandStream::Stdout, CommandStream::Stderr]);
}
