//! Children that exit while the pool is about to read their output.

use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{ChildStdout, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use tokio::process::Command;
use tokio::runtime::Builder;
use tokio::task::yield_now;

use crate::ProcessPoolExecutor;
use crate::pool::child::ChildHandle;

/// More than the number of polls of tasks after which the runtime asks for events.
const YIELDS: usize = 1_000;

/// The runtime has been notified of the output, but not of the end of the socket: it would be by a poll that waits.
async fn exit_with_pending_output() {
    let (lines, printed) = channel();
    let options = ProcessPoolExecutor::builder()
        .on_output(move |line| lines.send(line.text.to_owned()).expect("the test receives it"))
        .options;
    let mut process = Command::new("sleep");
    process.arg("1000").stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut process = process.kill_on_drop(true).spawn().unwrap();
    let (read, mut write) = std::io::pipe().unwrap();
    let stdout = ChildStdout::from(OwnedFd::from(read));
    process.stdout = Some(tokio::process::ChildStdout::from_std(stdout).unwrap());
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut child = ChildHandle::new(process, ours, &options).unwrap();
    write.write_all(b"aborting\n").unwrap();
    for _ in 0..YIELDS {
        yield_now().await;
    }
    drop(theirs);
    assert!(child.next().await.is_none());
    assert_eq!(printed.try_recv().unwrap(), "aborting");
    child.reap().await;
}

#[test]
fn the_end_of_the_socket_is_noticed_beside_pending_output() {
    let (done, is_done) = channel();
    // On a thread of its own, because a task that never waits can't be interrupted.
    let thread = thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(exit_with_pending_output());
        done.send(()).unwrap();
    });
    is_done.recv_timeout(Duration::from_secs(60)).expect("the pool's thread does not spin");
    thread.join().unwrap();
}
