//! Ctrl-C and SIGTERM stop a blocking scheduler, and with it a program that does nothing else.

use std::process::Command;

use punctual_tests::process::Process;

/// Starts the program, and waits until its scheduler runs.
fn started() -> Process {
    let mut process =
        Process::start(&mut Command::new(env!("CARGO_BIN_EXE_punctual-test-blocking")));
    (0..2).for_each(|_| drop(process.wait_for_line(|line| line == "tick")));
    process
}

#[test]
fn signals_shut_down_and_wait_for_runs() {
    for signal in [Process::interrupt, Process::terminate] {
        let mut process = started();
        signal(&process);
        process.wait_for_line(|line| line == "stopping");
        let mut rest = process.shut_down();
        // Ticks that had already started.
        rest.retain(|line| line != "tick");
        assert_eq!(rest, ["cancelled: false", "over"]);
    }
}

#[test]
fn a_second_signal_ends_the_process_at_once() {
    for (first, second, status) in [
        (Process::interrupt as fn(&Process), Process::terminate as fn(&Process), 143),
        (Process::terminate, Process::interrupt, 130),
    ] {
        let mut process = started();
        first(&process);
        // A run is in progress, and waits for the end of stdin.
        process.wait_for_line(|line| line == "stopping");
        second(&process);
        assert_eq!(process.exit_status(), status);
    }
}

/// As `timeout` of coreutils does, which signals the process and its group.
#[test]
fn a_signal_that_is_sent_twice_at_once_is_one() {
    let mut process = started();
    process.interrupt_twice();
    process.wait_for_line(|line| line == "stopping");
    let rest = process.shut_down();
    assert_eq!(rest.last().map(String::as_str), Some("over"));
}
