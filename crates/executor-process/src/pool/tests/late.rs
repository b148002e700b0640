//! Runs that end when their time is up, or nearly.

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
use crate::pool::child::Child;
use crate::wire::{Ending, Frames, FromChild, ToChild, write};

/// A child that says nothing of itself, and the other end of its line.
fn child(options: &Options) -> (Child, UnixStream) {
    let process = Command::new("sleep")
        .arg("1000")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .unwrap();
    let (ours, theirs) = UnixStream::pair().unwrap();
    (Child::new(process, ours, options).unwrap(), theirs)
}

/// The child says after that time that this run has ended well.
async fn say_end(mut child: &UnixStream, after: Duration, run: u128) {
    let _ = timeout(after, pending::<()>()).await;
    let mut frame = Vec::new();
    let ending = Ending::Success("1".to_owned());
    write(&mut frame, &FromChild::Ended { run, ending, printed: false }, 1 << 10).unwrap();
    child.write_all(&frame).unwrap();
}

/// The time stands still unless all wait for it, and then both that limit the run and that end it are over.
#[tokio::test(start_paused = true)]
async fn a_run_that_ends_as_its_child_is_killed_has_ended_and_no_other_follows_it() {
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
    tokio::join!(slot.work(&mut worker, run), say_end(&theirs, limit, id));

    assert_eq!(ending.outcome().to_string(), "success: 1");
    assert!(slot.child.is_none(), "it has been killed");
    let mut frames = Frames::new(1 << 20);
    let sent = theirs.read(frames.space()).unwrap();
    frames.filled(sent);
    let first = frames.next().unwrap();
    assert!(matches!(&first, Some(ToChild::Run(order)) if order.run == id), "{first:?}");
    assert!(frames.next::<ToChild>().unwrap().is_none(), "no other was sent there");
    assert!(waiting.further().is_none());
    let (next, _) = worker.next().expect("it waits for another child");
    drop(next);
}

#[tokio::test(start_paused = true)]
async fn a_run_that_waited_in_its_child_has_a_whole_time_limit_of_its_own() {
    let limit = Duration::from_secs(60);
    let options = Arc::new(ProcessPoolExecutor::builder().timeout(limit).options);
    let queue = RunQueue::new(1);
    let (_workers, mut slot) = slot(&options, &queue);
    let (child, theirs) = child(&options);
    slot.child = Some(child);
    // As after many short ones: both are sent at once.
    slot.average = Duration::from_micros(1);
    let runs = [task_run(nothing()), task_run(nothing())];
    let ids = runs.each_ref().map(|(run, _)| run.context().run_id().as_u128());
    let [(run, first), (next, second)] = runs;
    let mut worker = queue.push(run).unwrap().expect("a worker");
    assert!(queue.push(next).unwrap().is_none());
    let (run, _) = worker.next().expect("the run");
    let answers = async {
        say_end(&theirs, limit * 9 / 10, ids[0]).await;
        say_end(&theirs, limit * 9 / 10, ids[1]).await;
        // It has been asked for the second one meanwhile.
        let mut frame = Vec::new();
        write(&mut frame, &FromChild::Recalled(0), 1 << 10).unwrap();
        (&theirs).write_all(&frame).unwrap();
    };
    tokio::join!(slot.work(&mut worker, run), answers);

    assert_eq!(first.outcome().to_string(), "success: 1");
    assert_eq!(second.outcome().to_string(), "success: 1");
    slot.child.take().expect("it lives").bury().await;
}
