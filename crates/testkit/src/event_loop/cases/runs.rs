//! Runs on the thread of the loop.

use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::Duration;

use punctual_core::{Executor, RunEvent, RunOutcome, RunReport, RunSink, SystemClock};
use tokio::sync::mpsc::unbounded_channel;

use super::open;
use crate::event_loop::{LoopFixture, LoopOptions};
use crate::executor::gate::{Gate, SignalSender};
use crate::executor::run_spec::RunSpec;
use crate::executor::tasks::ClosureTask;
use crate::executor::{WAIT_TIMEOUT, async_run, blocking_run};

const THREADS: usize = 4;
const PER_THREAD: usize = 2_500;

pub fn runs_execute_on_the_thread_of_the_loop<F: LoopFixture>() {
    let opened = open::<F>(LoopOptions::default());
    let own = opened.id();
    let (run, blocking) = blocking_run(move |_| thread::current().id() == own);
    opened.submit(run).expect("it is running");
    let gate = Gate::closed();
    let (started, is_started) = SignalSender::new();
    let task_gate = gate.clone();
    let (run, waiting) = async_run(move |_| {
        let (started, gate) = (started.clone(), task_gate.clone());
        async move {
            let before = thread::current().id() == own;
            started.send(());
            gate.pass().await;
            before && thread::current().id() == own
        }
    });
    opened.submit(run).expect("it is running");
    is_started.next();
    gate.open();
    for outcome in [blocking.outcome(), waiting.outcome()] {
        assert_eq!(outcome.value(), Some(&true.into()), "{outcome}");
    }
}

pub fn async_runs_wait_concurrently<F: LoopFixture>() {
    let opened = open::<F>(LoopOptions::default());
    let gate = Gate::closed();
    let (started, is_started) = SignalSender::new();
    let outcomes: Vec<_> = (0..100)
        .map(|_| {
            let (started, gate) = (started.clone(), gate.clone());
            let (run, outcome) = async_run(move |_| {
                let (started, gate) = (started.clone(), gate.clone());
                async move {
                    started.send(());
                    gate.pass().await;
                }
            });
            opened.submit(run).expect("it is running");
            outcome
        })
        .collect();
    (0..100).for_each(|_| is_started.next());
    let (run, blocking) = blocking_run(|_| ());
    opened.submit(run).expect("it is running");
    assert!(blocking.outcome().is_success(), "a run is not delayed by those that wait");
    gate.open();
    assert!(outcomes.iter().all(|outcome| outcome.outcome().is_success()));
}

/// Each wake-up finds the run waiting, because the thread waits for the reply to the previous one.
pub fn ten_thousand_wakeups_from_other_threads<F: LoopFixture>() {
    let opened = open::<F>(LoopOptions::default());
    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let (sender, receiver) = unbounded_channel::<usize>();
            let (replies, reply) = SignalSender::new();
            let receiver = Arc::new(tokio::sync::Mutex::new(receiver));
            let (run, outcome) = async_run(move |_| {
                let (receiver, replies) = (Arc::clone(&receiver), replies.clone());
                async move {
                    let mut received = 0_usize;
                    while let Some(number) = receiver.lock().await.recv().await {
                        received += 1;
                        replies.send(number);
                    }
                    received
                }
            });
            opened.submit(run).expect("it is running");
            thread::spawn(move || {
                for number in 0..PER_THREAD {
                    sender.send(number).expect("the run waits");
                    assert_eq!(reply.next(), number);
                }
                drop(sender);
                assert_eq!(outcome.outcome().value(), Some(&PER_THREAD.into()));
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().expect("no wake-up is lost"));
}

pub fn ten_thousand_runs_from_other_threads<F: LoopFixture>() {
    let opened = open::<F>(LoopOptions::default());
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let submit = |number| {
                    let (run, outcome) = match number % 2 {
                        0 => blocking_run(move |_| number),
                        _ => async_run(move |_| async move { number }),
                    };
                    opened.submit(run).expect("it is running");
                    (number, outcome)
                };
                let runs: Vec<_> = (0..PER_THREAD).map(submit).collect();
                for (number, outcome) in runs {
                    assert_eq!(outcome.outcome().value(), Some(&number.into()));
                }
            });
        }
    });
}

pub fn panics_leave_the_loop_alive<F: LoopFixture>() {
    let opened = open::<F>(LoopOptions::default());
    let own = opened.id();
    for _ in 0..50 {
        let (run, blocking) = blocking_run(|_| -> () { panic!("on purpose") });
        opened.submit(run).expect("it is running");
        let (run, waiting) = async_run(|_| async { panic!("on purpose") as () });
        opened.submit(run).expect("it is running");
        for outcome in [blocking.outcome(), waiting.outcome()] {
            assert!(matches!(outcome, RunOutcome::Panicked(_)), "{outcome}");
        }
    }
    let (run, after) = blocking_run(move |_| thread::current().id() == own);
    opened.submit(run).expect("it is running");
    assert_eq!(after.outcome().value(), Some(&true.into()));
}

/// Receives the reports about blocked loops.
struct Blocked(Sender<(RunEvent, Duration)>);

impl RunSink for Blocked {
    fn report(&self, _: RunReport) {}

    fn blocked(&self, run: RunEvent, duration: Duration) {
        // The case may have failed already.
        let _ = self.0.send((run, duration));
    }
}

pub fn runs_that_block_the_loop_are_reported<F: LoopFixture>() {
    for (limit, expected) in [(Duration::ZERO, 2), (Duration::MAX, 0)] {
        let options = LoopOptions { blocking_limit: limit, ..LoopOptions::default() };
        let opened = open::<F>(options);
        let (sender, blocked) = channel();
        let mut submitted = Vec::new();
        for task in ClosureTask::both(|_| async {}) {
            let spec = RunSpec::closure(task);
            submitted.push(spec.context.run_id());
            let sink = Arc::new(Blocked(sender.clone()));
            opened.submit(spec.into_run(Arc::new(SystemClock), sink)).expect("it is running");
        }
        drop(sender);
        pollster::block_on(opened.shutdown(WAIT_TIMEOUT));
        let reports: Vec<_> = blocked.iter().collect();
        assert_eq!(reports.len(), expected);
        assert!(reports.iter().all(|(run, time)| submitted.contains(&run.run_id) && *time > limit));
    }
}
