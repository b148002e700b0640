//! Workers that take runs ahead of time, and those that are dropped for want of a place.

use punctual_core::{RunOutcome, RunQueue, Worker};
use punctual_testkit::executor::{Ending, blocking_run};

/// A queue with so many runs in it, which tell their numbers, and its only worker.
fn queue(runs: usize) -> (std::sync::Arc<RunQueue>, Worker, Vec<Ending>) {
    let queue = RunQueue::new(1);
    let mut worker = None;
    let endings = (0..runs)
        .map(|number| {
            let (run, ending) = blocking_run(move |_| number as u64);
            worker = worker.take().or(queue.push(run).unwrap());
            ending
        })
        .collect();
    (queue, worker.unwrap(), endings)
}

#[test]
fn they_come_in_order_and_go_back_in_order() {
    let (_queue, mut worker, endings) = queue(4);
    let (first, _) = worker.next().unwrap();
    let ahead: Vec<_> = std::iter::from_fn(|| worker.prefetch()).collect();
    assert_eq!(ahead.len(), 3);
    first.execute(pollster::block_on);
    assert!(worker.requeue(ahead.into_iter()).is_none(), "there may be only one worker");
    while let Some((run, _)) = worker.next() {
        run.execute(pollster::block_on);
    }
    for (number, ending) in endings.iter().enumerate() {
        assert_eq!(ending.outcome().to_string(), format!("success: {number}"));
    }
}

#[test]
fn what_comes_back_after_the_end_is_lost() {
    let (queue, mut worker, endings) = queue(3);
    let (first, _) = worker.next().unwrap();
    let ahead: Vec<_> = std::iter::from_fn(|| worker.prefetch()).collect();
    queue.abandon();
    assert!(first.context().is_cancelled());
    assert!(!ahead[0].context().is_cancelled(), "it has not begun");
    assert!(worker.requeue(ahead.into_iter()).is_none());
    for ending in &endings[1..] {
        assert!(matches!(ending.outcome(), RunOutcome::Lost));
    }
}

#[test]
fn one_that_has_begun_is_asked_to_end() {
    let (queue, mut worker, _endings) = queue(2);
    let (first, _) = worker.next().unwrap();
    let second = worker.prefetch().unwrap().begun();
    first.execute(pollster::block_on);
    worker.start_prefetched(&second);
    queue.abandon();
    assert!(second.context().is_cancelled());
}

#[test]
fn one_that_begins_after_the_end_is_asked_to_end_too() {
    let (queue, mut worker, _endings) = queue(2);
    let (first, _) = worker.next().unwrap();
    let second = worker.prefetch().unwrap();
    queue.abandon();
    first.execute(pollster::block_on);
    let second = second.begun();
    worker.start_prefetched(&second);
    assert!(second.context().is_cancelled());
}

#[test]
fn a_worker_without_a_place_can_be_had_again() {
    let queue = RunQueue::new(2);
    let (first, _first) = blocking_run(|_| ());
    let (second, ending) = blocking_run(|_| ());
    let mut worker = queue.push(first).unwrap().expect("a worker");
    assert!(queue.push(second).unwrap().is_none(), "the first one sees to another");
    let (first, another) = worker.next().unwrap();
    drop(another.expect("one for the second run"));
    let mut another = queue.try_issue_worker().expect("the run still waits");
    assert!(queue.try_issue_worker().is_none(), "one is on its way");
    let (second, _) = another.next().unwrap();
    assert!(queue.try_issue_worker().is_none(), "nothing waits");
    second.execute(pollster::block_on);
    first.execute(pollster::block_on);
    assert!(ending.outcome().is_success());
}
