//! Tests of the output of jobs.

use punctual_core::{Executor, OutputStream};
use punctual_testkit::executor::task_run;

use crate::fixture::{TIMEOUT, fixture};
use crate::tasks;

#[test]
fn lines_are_attributed_to_their_runs() {
    let fixture = fixture(|pool| pool);
    // Many, so that runs are queued in the child.
    let runs: Vec<_> = (0..300)
        .map(|number| {
            let lines = (0..number % 3).map(|line| format!("{number}, {line}")).collect();
            let (run, ending) = task_run(tasks::prints(lines));
            let id = run.context().run_id();
            fixture.executor.submit(run).unwrap();
            (number, id, ending)
        })
        .collect();
    for (number, id, ending) in runs {
        assert!(ending.outcome().is_success());
        let (mut out, mut err) = (Vec::new(), Vec::new());
        // The output of a run is reported before its result.
        for _ in 0..=2 * (number % 3) {
            let line = fixture.line();
            assert_eq!(line.run, Some(id), "run {number}: {line:?}");
            let lines = if line.stream == OutputStream::Stdout { &mut out } else { &mut err };
            lines.push(line.text);
        }
        let mut expected: Vec<_> =
            (0..number % 3).map(|line| format!("{number}, {line}")).collect();
        assert_eq!(err, expected.iter().map(|line| format!("wrong: {line}")).collect::<Vec<_>>());
        expected.push("no end".into());
        assert_eq!(out, expected);
    }
}

#[test]
fn invalid_utf_8_is_replaced() {
    let fixture = fixture(|pool| pool);
    let bytes: Vec<u8> = (0..=u8::MAX).collect();
    let expected: Vec<_> =
        bytes.split(|&byte| byte == b'\n').map(String::from_utf8_lossy).collect();
    for _ in 0..3 {
        assert_eq!(fixture.value(tasks::prints_bytes(bytes.clone())), 256);
        let (out, err): (Vec<_>, Vec<_>) =
            (0..4).map(|_| fixture.line()).partition(|line| line.stream == OutputStream::Stdout);
        for lines in [out, err] {
            let texts: Vec<_> = lines.into_iter().map(|line| line.text).collect();
            assert_eq!(texts, expected);
        }
    }
}

#[test]
fn a_long_line_is_split() {
    let fixture = fixture(|pool| pool);
    assert!(fixture.run(tasks::prints_a_line_of(100_000)).is_success());
    let mut length = 0;
    while length < 100_000 {
        let piece = fixture.line().text;
        assert!(piece.len() <= 8 << 10 && piece.bytes().all(|byte| byte == b'y'));
        length += piece.len();
    }
    assert_eq!(length, 100_000);
}

#[test]
fn a_gigabyte_of_output_blocks_no_other_run_and_is_not_buffered() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    let bytes = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&bytes);
    let fixture = fixture(|pool| {
        pool.processes(2).on_output(move |line| {
            if line.text.starts_with("xxx") {
                count.fetch_add(line.text.len() as u64 + 1, Ordering::Relaxed);
            }
        })
    });
    let much = fixture.submit(tasks::prints_much(1 << 30));
    // Other runs are executed meanwhile.
    while bytes.load(Ordering::Relaxed) < 1 << 29 {
        assert!(fixture.run(tasks::pid()).is_success());
    }
    assert!(much.outcome().is_success());
    assert_eq!(bytes.load(Ordering::Relaxed), 1 << 30);
    let memory = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = memory.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let kib: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(kib < 512 << 10, "{kib} KiB");
    fixture.shutdown(TIMEOUT);
}
