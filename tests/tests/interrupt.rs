//! Ctrl-C stops a blocking scheduler, and with it a program that does nothing else.

use std::process::Command;

use punctual_tests::process::Process;

#[test]
fn ctrl_c_shuts_down_and_waits_for_runs() {
    let mut process =
        Process::start(&mut Command::new(env!("CARGO_BIN_EXE_punctual-test-blocking")));
    // At this point the scheduler runs.
    (0..2).for_each(|_| drop(process.wait_for_line(|line| line == "tick")));
    process.interrupt();
    process.wait_for_line(|line| line == "stopping");
    let mut rest = process.shut_down();
    // Ticks that had already started.
    rest.retain(|line| line != "tick");
    assert_eq!(rest, ["cancelled: false", "over"]);
}
