//! Captured output of commands.

use punctual_core::OutputStream;
use punctual_task_command::{command, shell};

use crate::common::run;

#[tokio::test]
async fn head_and_tail_are_kept_within_the_limit() {
    let counts = shell("seq 1 100000; echo oops >&2").output_limit(20);
    let output = run(&counts).await.unwrap();
    let (head, tail) = (&*output.stdout.head, &*output.stdout.tail);
    assert_eq!((head, tail), ("1\n2\n3\n4\n5\n", "99\n100000\n"));
    // The total is 588,895 bytes.
    assert_eq!(output.stdout.dropped, 588_895 - 20);
    assert_eq!(output.stdout.to_string(), format!("{head}\n[588875 bytes dropped]\n{tail}"));
    assert_eq!(
        (&*output.stderr.head, output.stderr.dropped),
        ("oops\n", 0),
        "each stream has its own limit"
    );
}

/// Far more than the capacity of a pipe, or than should be kept in memory.
#[tokio::test]
async fn a_gigabyte_of_output_neither_blocks_the_program_nor_is_buffered() {
    const GIGABYTE: u64 = 1_000_000_000;
    let flood = command("head").args(["-c", "1000000000", "/dev/zero"]);
    let mut seen = 0;
    let output = flood
        .run_watched(std::future::pending(), |stream, bytes| {
            assert_eq!(stream, OutputStream::Stdout);
            seen += bytes.len() as u64;
        })
        .await
        .unwrap();
    assert_eq!((seen, output.stdout.dropped), (GIGABYTE, GIGABYTE - 65_536));
    #[cfg(target_os = "linux")]
    memory_stays_small();
}

#[cfg(target_os = "linux")]
fn memory_stays_small() {
    let peak = std::fs::read_to_string("/proc/self/status").unwrap();
    let peak = peak.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let kilobytes: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(kilobytes < 200_000, "{kilobytes} kB at most");
}

#[tokio::test]
async fn invalid_utf_8_is_replaced() {
    let output = run(&command("printf").arg(r"a\377b")).await.unwrap();
    assert_eq!(output.stdout.head, "a\u{fffd}b");
}

#[tokio::test]
async fn a_limit_of_zero_keeps_nothing() {
    let output = run(&command("echo").arg("four").output_limit(0)).await.unwrap();
    assert_eq!((&*output.stdout.head, output.stdout.dropped), ("", 5));
}
