//! A program that installs nothing sees on its terminal that a job failed, and what jobs print.

use std::process::{Command, Output};

/// Runs the program and returns its standard output and standard error.
fn run(log: &str) -> (String, String) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_punctual-test-failures"));
    let Output { status, stdout, stderr } = program.arg(log).output().expect("its output");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    let (stdout, stderr) = (text(stdout), text(stderr));
    assert!(status.success(), "{stderr}");
    (stdout, stderr)
}

/// Returns the only line with this text.
fn line<'t>(output: &'t str, text: &str) -> &'t str {
    let mut lines = output.lines().filter(|line| line.contains(text));
    let (first, second) = (lines.next(), lines.next());
    first.filter(|_| second.is_none()).unwrap_or_else(|| panic!("{text:?} once in {output}"))
}

#[test]
fn without_a_log_failures_and_output_are_on_the_terminal() {
    let (stdout, stderr) = run("none");
    let failed = line(&stderr, "\"report\"");
    assert!(failed.starts_with("ERROR punctual: run "), "{failed}");
    assert!(failed.contains("of job \"report\", scheduled for 20"), "{failed}");
    assert!(failed.ends_with(", failed: the report was not sent: no connection"), "{failed}");
    let missed = line(&stderr, "late");
    assert!(missed.starts_with(" WARN punctual: job \"late\" was not run"), "{missed}");
    assert_eq!(line(&stdout, "a child"), "printed by a child");
    assert_eq!(line(&stderr, "a child"), "an error printed by a child");
    assert_eq!(line(&stdout, "a command"), "printed by a command");
    assert_eq!((stdout.lines().count(), stderr.lines().count()), (2, 3));
}

#[test]
fn a_failed_run_is_followed_by_a_line_about_its_retry() {
    let (_, stderr) = run("retried");
    let lines: Vec<&str> = stderr.lines().collect();
    let [failed, retried, again, ended] = lines[..] else { panic!("four lines: {stderr}") };
    for (line, level, end) in [
        (failed, "ERROR", ", failed: the report was not sent: no connection"),
        (again, "ERROR", ", attempt 2, failed: the report was not sent: no connection"),
        (ended, "ERROR", ", attempt 2, failed; it is not retried any more"),
    ] {
        assert!(line.starts_with(&format!("{level} punctual: run ")), "{line}");
        assert!(line.ends_with(end), "{line}");
    }
    assert!(retried.starts_with(" WARN punctual: run "), "{retried}");
    assert!(retried.contains(", failed; it is retried at 20"), "{retried}");
}

#[test]
fn a_subscriber_receives_failures_and_output_instead() {
    let (stdout, stderr) = run("tracing");
    assert_eq!(stdout, "");
    let failed = line(&stderr, "report was not sent");
    assert!(failed.starts_with("ERROR punctual::run: the run did not complete"), "{failed}");
    for field in ["job=report", "run=", "scheduled_time=20", "attempt=1", "outcome=failed"] {
        assert!(failed.contains(field), "{failed}");
    }
    assert!(failed.contains("error=\"the report was not sent: no connection\""), "{failed}");
    let missed = line(&stderr, "job=late");
    assert!(missed.trim_start().starts_with("WARN punctual::run: not run"), "{missed}");
    for text in
        ["output: printed by a child", "an error printed by a child", "printed by a command"]
    {
        assert!(line(&stderr, text).contains("punctual::output"), "{stderr}");
    }
}

#[test]
fn a_logger_receives_failures_and_output_instead() {
    let (stdout, stderr) = run("log");
    assert_eq!(stdout, "");
    let failed = line(&stderr, "report was not sent: no connection");
    assert!(failed.starts_with("ERROR punctual::run: the run did not complete"), "{failed}");
    assert!(failed.contains("job=report"), "{failed}");
    assert!(line(&stderr, "printed by a command").starts_with("INFO punctual::output: "));
}

#[test]
fn error_texts_and_failures_can_be_left_out() {
    let (_, stderr) = run("without-errors");
    assert!(line(&stderr, "\"report\"").ends_with(", failed"), "{stderr}");
    assert!(!stderr.contains("connection"), "{stderr}");
    line(&stderr, "late");
    let (stdout, stderr) = run("off");
    assert_eq!(stderr, "an error printed by a child\n");
    line(&stdout, "printed by a command");
}

#[test]
fn schedulers_with_waiting_jobs_that_are_dropped_are_reported() {
    let only_line = |mistake| {
        let (stdout, stderr) = run(mistake);
        assert_eq!(stdout, "");
        stderr
    };
    assert_eq!(
        only_line("unstarted"),
        " WARN punctual: the scheduler was dropped without having been started; these jobs never run: \
         \"report\", print_from_child\n"
    );
    let start = "the last one:\n WARN punctual: the last handle of a running background scheduler was dropped";
    let dropped = only_line("handle-dropped");
    assert!(dropped.starts_with(start), "{dropped}");
    let dropped = only_line("runtime-dropped");
    assert!(dropped.starts_with(" WARN punctual: a running scheduler was dropped"), "{dropped}");
    assert_eq!(
        only_line("history"),
        " WARN punctual: history_of: there is no job store with the alias \"report\"\n"
    );
}
