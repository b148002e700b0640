//! Runs that finish close to their time limit.

use std::future::pending;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use punctual_core::RunQueue;
use punctual_testkit::executor::task_run;
use tokio::process::Command;
use tokio::time::timeout;

use super::{nothing, slot};
use crate::ProcessPoolExecutor;
use crate::options::Options;
use crate::pool::child::ChildHandle;
use crate::wire::{FrameDecoder, FromChild, RunResult, ToChild, encode_frame};

/// A child that sends no messages, and the other end of its socket.
fn child(options: &Options) -> (ChildHandle, UnixStream) {
    let process = Command::new("sleep")
        .arg("1000")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .unwrap();
    let (ours, theirs) = UnixStream::pair().unwrap();
    (ChildHandle::new(process, ours, options).unwrap(), theirs)
}

/// Reports in the name of the child, after a delay, that this run has succeeded.
async fn report_success(mut child: &UnixStream, after: Duration, run: u128) {
    let _ = timeout(after, pending::<()>()).await;
    let mut frame = Vec::new();
    let result = RunResult::Success("1".to_owned());
    encode_frame(&mut frame, &FromChild::Finished { run, result, output_pending: false }, 1 << 10)
        .unwrap();
    child.write_all(&frame).unwrap();
}

/// The clock is paused, so that the time limit and the delay of the result elapse at the same instant.
#[tokio::test(start_paused = true)]
async fn a_run_that_finishes_as_its_child_is_killed_keeps_its_result_and_no_other_is_sent() {
    let limit = Duration::from_secs(60);
    let options = Arc::new(ProcessPoolExecutor::builder().timeout(limit).options);
    let queue = RunQueue::new(1);
    let (_workers, mut slot) = slot(&options, &queue);
    let (child, mut theirs) = child(&options);
    slot.child = Some(child);

    let ((run, ending), (next, waiting)) = (task_run(nothing()), task_run(nothing()));
    let id = run.context().run_id().as_u128();
    let mut worker = queue.push(run).unwrap().expect("a worker");
    assert!(queue.push(next).unwrap().is_none());
    let (run, _) = worker.next().expect("the run");
    tokio::join!(slot.execute_runs(&mut worker, run), report_success(&theirs, limit, id));

    assert_eq!(ending.outcome().to_string(), "success: 1");
    assert!(slot.child.is_none(), "the child has been killed");
    let mut frames = FrameDecoder::new(1 << 20);
    let sent = theirs.read(frames.spare_mut()).unwrap();
    frames.advance_written(sent);
    let first = frames.next().unwrap();
    assert!(matches!(&first, Some(ToChild::Run(request)) if request.run == id), "{first:?}");
    assert!(frames.next::<ToChild>().unwrap().is_none(), "no other run was sent to the child");
    assert!(waiting.try_next().is_none());
    let (next, _) = worker.next().expect("the run is queued for another child");
    drop(next);
}

#[tokio::test(start_paused = true)]
async fn the_time_limit_of_a_queued_run_begins_when_the_run_starts() {
    let limit = Duration::from_secs(60);
    let options = Arc::new(ProcessPoolExecutor::builder().timeout(limit).options);
    let queue = RunQueue::new(1);
    let (_workers, mut slot) = slot(&options, &queue);
    let (child, theirs) = child(&options);
    slot.child = Some(child);
    // As after many short runs, so that both runs are sent immediately.
    slot.average = Duration::from_micros(1);
    let runs = [task_run(nothing()), task_run(nothing())];
    let ids = runs.each_ref().map(|(run, _)| run.context().run_id().as_u128());
    let [(run, first), (next, second)] = runs;
    let mut worker = queue.push(run).unwrap().expect("a worker");
    assert!(queue.push(next).unwrap().is_none());
    let (run, _) = worker.next().expect("the run");
    let responses = async {
        report_success(&theirs, limit * 9 / 10, ids[0]).await;
        report_success(&theirs, limit * 9 / 10, ids[1]).await;
        // The pool has requested the second run back meanwhile.
        let mut frame = Vec::new();
        encode_frame(&mut frame, &FromChild::QueuedReturned(0), 1 << 10).unwrap();
        (&theirs).write_all(&frame).unwrap();
    };
    tokio::join!(slot.execute_runs(&mut worker, run), responses);

    assert_eq!(first.outcome().to_string(), "success: 1");
    assert_eq!(second.outcome().to_string(), "success: 1");
    slot.child.take().expect("the child is still running").reap().await;
}
