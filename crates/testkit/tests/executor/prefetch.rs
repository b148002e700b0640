//! Workers that prefetch runs, and workers that are dropped because no slot is available.

use punctual_core::{RunOutcome, RunQueue, Worker};
use punctual_testkit::executor::{OutcomeReceiver, blocking_run};

/// A queue with a number of runs, which return their indexes, and its only worker.
fn queue(runs: usize) -> (std::sync::Arc<RunQueue>, Worker, Vec<OutcomeReceiver>) {
    let queue = RunQueue::new(1);
    let mut worker = None;
    let receivers = (0..runs)
        .map(|number| {
            let (run, receiver) = blocking_run(move |_| number as u64);
            worker = worker.take().or(queue.push(run).unwrap());
            receiver
        })
        .collect();
    (queue, worker.unwrap(), receivers)
}

#[test]
fn prefetched_runs_are_requeued_in_order() {
    let (_queue, mut worker, receivers) = queue(4);
    let (first, _) = worker.next().unwrap();
    let prefetched: Vec<_> = std::iter::from_fn(|| worker.prefetch()).collect();
    assert_eq!(prefetched.len(), 3);
    first.execute(pollster::block_on);
    assert!(worker.requeue(prefetched.into_iter()).is_none(), "the limit is one worker");
    while let Some((run, _)) = worker.next() {
        run.execute(pollster::block_on);
    }
    for (number, receiver) in receivers.iter().enumerate() {
        assert_eq!(receiver.outcome().to_string(), format!("success: {number}"));
    }
}

#[test]
fn runs_that_are_requeued_after_abandon_are_lost() {
    let (queue, mut worker, receivers) = queue(3);
    let (first, _) = worker.next().unwrap();
    let prefetched: Vec<_> = std::iter::from_fn(|| worker.prefetch()).collect();
    queue.abandon();
    assert!(first.context().is_cancelled());
    assert!(!prefetched[0].context().is_cancelled(), "the run has not started");
    assert!(worker.requeue(prefetched.into_iter()).is_none());
    for receiver in &receivers[1..] {
        assert!(matches!(receiver.outcome(), RunOutcome::Lost));
    }
}

#[test]
fn abandon_cancels_a_prefetched_run_that_has_started() {
    let (queue, mut worker, _receivers) = queue(2);
    let (first, _) = worker.next().unwrap();
    let second = worker.prefetch().unwrap().begun();
    first.execute(pollster::block_on);
    worker.start_prefetched(&second);
    queue.abandon();
    assert!(second.context().is_cancelled());
}

#[test]
fn a_prefetched_run_that_starts_after_abandon_is_cancelled() {
    let (queue, mut worker, _receivers) = queue(2);
    let (first, _) = worker.next().unwrap();
    let second = worker.prefetch().unwrap();
    queue.abandon();
    first.execute(pollster::block_on);
    let second = second.begun();
    worker.start_prefetched(&second);
    assert!(second.context().is_cancelled());
}

#[test]
fn a_dropped_worker_can_be_issued_again() {
    let queue = RunQueue::new(2);
    let (first, _first) = blocking_run(|_| ());
    let (second, receiver) = blocking_run(|_| ());
    let mut worker = queue.push(first).unwrap().expect("a worker");
    assert!(queue.push(second).unwrap().is_none(), "the first worker issues the next one");
    let (first, another) = worker.next().unwrap();
    drop(another.expect("one for the second run"));
    let mut another = queue.try_issue_worker().expect("the run is still queued");
    assert!(queue.try_issue_worker().is_none(), "a worker has been issued");
    let (second, _) = another.next().unwrap();
    assert!(queue.try_issue_worker().is_none(), "no run is queued");
    second.execute(pollster::block_on);
    first.execute(pollster::block_on);
    assert!(receiver.outcome().is_success());
}
