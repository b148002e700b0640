//! Termination of commands and of the processes that they have started.

use std::future::{pending, ready};
use std::sync::Arc;
use std::time::Duration;

use punctual_core::OutputStream;
use punctual_task_command::{CommandError, command, shell};
use tokio::sync::oneshot;

use crate::common::{Held, error, rest, run};

/// A timeout that elapses only if something is wrong, even on a slow machine.
const LONG: Duration = Duration::from_secs(600);
/// A timeout that is meant to elapse.
const SHORT: Duration = Duration::from_millis(100);

#[tokio::test]
async fn a_timeout_terminates_the_whole_process_group() {
    let held = Arc::new(Held::new());
    let sleeps = shell(format!("{} sleep 1000 & sleep 1000", held.script())).timeout(SHORT);
    let waits = Arc::clone(&held);
    let opened = tokio::task::spawn_blocking(move || waits.wait());
    let error = error(&sleeps).await;
    let ours = held.hold();
    let theirs = opened.await.unwrap();
    drop(ours);
    assert_eq!(
        error.to_string(),
        "/bin/sh was terminated after its timeout of 100ms: killed by signal 15"
    );
    assert!(matches!(error, CommandError::TimedOut { .. }) && error.is_retryable());
    assert_eq!(rest(theirs), "");
}

#[tokio::test]
async fn a_timeout_is_an_error_even_if_the_program_exits_successfully() {
    let trapping = shell("trap 'exit 0' TERM; sleep 1000 & wait").grace(LONG);
    // On a busy machine the shell may not have set the trap by then.
    for timeout in [SHORT, 10 * SHORT, 100 * SHORT, 600 * SHORT] {
        let error = error(&trapping.clone().timeout(timeout)).await.to_string();
        let ended = format!("/bin/sh was terminated after its timeout of {timeout:?}: ");
        match error.strip_prefix(&ended) {
            Some("exit status 0") => return,
            untrapped => assert_eq!(untrapped, Some("killed by signal 15"), "{error}"),
        }
    }
    panic!("the trap was never set");
}

#[tokio::test]
async fn output_after_sigterm_is_captured() {
    // Processes that remain after the exit of the shell are killed.
    let script = "trap 'wait; echo outer; exit 4' TERM; sh -c 'trap \"echo inner; exit\" TERM; \
                  sleep 1000 & echo ready; wait' & wait";
    let (ready, ready_rx) = oneshot::channel();
    let mut ready = Some(ready);
    let cancelled = async { ready_rx.await.unwrap() };
    let result = shell(script)
        .grace(LONG)
        .run_watched(cancelled, |_, _| {
            if let Some(ready) = ready.take() {
                ready.send(()).unwrap();
            }
        })
        .await;
    let error = result.unwrap_err();
    assert_eq!(error.to_string(), "/bin/sh was cancelled: exit status 4");
    let mut lines: Vec<_> = error.output().unwrap().stdout.head.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["inner", "outer", "ready"]);
}

#[tokio::test]
async fn a_successful_exit_after_a_cancellation_is_a_success() {
    let script = "trap 'echo finished; exit 0' TERM; echo ready; sleep 1000 & wait";
    let (ready, ready_rx) = oneshot::channel();
    let mut ready = Some(ready);
    let trapping = shell(script).grace(LONG);
    let notify = |_: OutputStream, _: &[u8]| {
        if let Some(ready) = ready.take() {
            ready.send(()).unwrap();
        }
    };
    let output = trapping.run_watched(async { ready_rx.await.unwrap() }, notify).await.unwrap();
    assert_eq!(output.stdout.head, "ready\nfinished\n");
}

#[tokio::test]
async fn a_program_that_ignores_sigterm_is_killed_after_the_grace_period() {
    let held = Held::new();
    let stubborn =
        shell(format!("trap '' TERM; {} sleep 1000; echo ended >&3", held.script())).grace(SHORT);
    let opened = tokio::task::spawn_blocking(move || held.wait());
    let (held_tx, held_rx) = oneshot::channel();
    let wait = async { held_tx.send(opened.await.unwrap()).unwrap() };
    let error = stubborn.run(wait).await.unwrap_err();
    assert_eq!(error.to_string(), "/bin/sh was cancelled: killed by signal 9");
    assert_eq!(rest(held_rx.await.unwrap()), "", "the whole group was killed");
}

#[tokio::test]
async fn a_child_that_ignores_sigterm_is_killed_after_the_exit_of_the_program() {
    let held = Held::new();
    let script = format!(
        "sh -c \"trap '' TERM; {} sleep 1000; echo ended >&3\" > /dev/null 2>&1 & wait",
        held.script()
    );
    let opened = tokio::task::spawn_blocking(move || held.wait());
    let (held_tx, held_rx) = oneshot::channel();
    let wait = async { held_tx.send(opened.await.unwrap()).unwrap() };
    let error = shell(script).grace(LONG).run(wait).await.unwrap_err();
    assert_eq!(error.to_string(), "/bin/sh was cancelled: killed by signal 15");
    assert_eq!(rest(held_rx.await.unwrap()), "");
}

#[tokio::test]
async fn a_child_that_keeps_the_output_open_delays_the_run_only_briefly() {
    let held = Held::new();
    let script = format!("{} echo before; sleep 1000 & echo $!", held.script());
    let opened = tokio::task::spawn_blocking({
        let path = held.path().to_owned();
        move || std::fs::File::open(path).unwrap()
    });
    let output = run(&shell(script).output_timeout(SHORT)).await.unwrap();
    let (before, child) = output.stdout.head.trim_end().split_once('\n').unwrap();
    assert_eq!(before, "before");
    let signal_process = |signal| {
        let mut kill = std::process::Command::new("kill");
        kill.args([signal, child]).status().unwrap().success()
    };
    assert!(signal_process("-0"), "it was not killed");
    assert!(signal_process("-KILL"));
    assert_eq!(rest(opened.await.unwrap()), "");
}

#[tokio::test]
async fn the_time_limit_does_not_apply_to_background_processes() {
    let command = shell("sleep 1000 & echo $!").timeout(LONG).output_timeout(SHORT);
    let output = run(&command).await.unwrap();
    let kill = std::process::Command::new("kill").arg(output.stdout.head.trim()).status();
    assert!(kill.unwrap().success());
}

#[tokio::test]
async fn dropping_the_future_kills_the_command() {
    let held = Held::new();
    let stubborn = shell(format!("trap '' TERM; {} sleep 1000; echo ended >&3", held.script()));
    let opened = tokio::task::spawn_blocking(move || held.wait());
    let held = tokio::select! {
        _ = stubborn.run(pending()) => panic!("the command can't finish"),
        held = opened => held.unwrap(),
    };
    assert_eq!(rest(held), "");
}

#[tokio::test]
async fn a_command_can_be_cancelled_immediately() {
    let error = command("sleep").arg("1000").grace(LONG).run(ready(())).await.unwrap_err();
    assert_eq!(error.to_string(), "sleep was cancelled: killed by signal 15");
    let mut streams = Vec::new();
    let both = shell("echo a; echo b >&2");
    both.run_watched(pending(), |stream, _| streams.push(stream)).await.unwrap();
    streams.sort();
    assert_eq!(streams, [OutputStream::Stdout, OutputStream::Stderr]);
}
