//! Timeouts and the cancellation of runs on every executor, of tasks that notice it and of tasks that don't.

use std::future::pending;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use punctual::prelude::*;
use punctual::process::init;
use punctual::{CancelRequest, Executor, FailureLog};
use punctual_testkit::event_loop::LoopThread;

/// The timeout, and the grace time after it.
const SHORT: Duration = Duration::from_millis(20);

/// Returns when it is cancelled.
#[task]
async fn cooperate(context: JobContext) {
    context.cancelled().await;
}

/// Ignores its cancellation.
#[task]
async fn ignore() {
    pending::<()>().await;
}

/// Checks from time to time whether it is cancelled.
#[task]
fn check(context: JobContext) {
    while !context.is_cancelled() {
        std::thread::yield_now();
    }
}

fn tasks() -> Tasks {
    tasks![cooperate, ignore, check]
}

/// The main function of child processes; not a test. A test harness has no other entry point.
#[test]
fn child() {
    init(&tasks());
}

fn processes() -> ProcessPoolExecutor {
    init(&tasks());
    let pool = ProcessPoolExecutor::builder().processes(1).args(["child", "--exact"]).grace(SHORT);
    pool.build().unwrap()
}

/// A loop that executes runs when it receives a message.
fn on_a_loop() -> LoopThread<Arc<LoopExecutor>> {
    let executor = Arc::new(LoopExecutor::new());
    let (sender, messages) = channel();
    let (attached, waker) = (Arc::clone(&executor), sender.clone());
    let run_loop = move |is_attached: Box<dyn FnOnce() + Send>| {
        let jobs = attached.attach(move || waker.send(true).unwrap_or_default()).unwrap();
        drop(attached);
        is_attached();
        for _ in messages.iter().take_while(|&runs| runs) {
            let _ = jobs.run_ready(LoopBudget::default());
        }
    };
    LoopThread::start(executor, run_loop, move || sender.send(false).unwrap_or_default())
}

fn runs_are_limited_and_cancelled(executor: impl Executor) {
    let scheduler = BackgroundScheduler::builder()
        .timezone("UTC")
        .failure_log(FailureLog::Off)
        .cancel_grace(SHORT)
        .executor("default", executor)
        .tasks(&tasks())
        .start()
        .unwrap();
    let add = |id: &str, timeout: Option<Duration>| {
        let job = match id {
            "cooperate" => scheduler.job(cooperate()),
            "ignore" => scheduler.job(ignore()),
            _ => scheduler.job(check()),
        };
        job.id(id).timeout(timeout).paused().replace_existing(true).add().unwrap()
    };
    for id in ["cooperate", "ignore", "check"] {
        let outcome = add(id, Some(SHORT)).run_now().unwrap().wait();
        assert!(matches!(outcome, RunOutcome::TimedOut(SHORT)), "{id}: {outcome}");
        let run = add(id, None).run_now().unwrap();
        assert_eq!(scheduler.cancel_run(run.run_id()).unwrap(), CancelRequest::Delivered);
        let outcome = run.wait();
        assert!(matches!(outcome, RunOutcome::Cancelled), "{id}: {outcome}");
    }
    assert_eq!(scheduler.active_run_count(), 0, "nothing is left");
    scheduler.shutdown().unwrap();
}

#[test]
fn on_tokio() {
    runs_are_limited_and_cancelled(TokioExecutor::new().max_concurrent(1));
}

#[test]
fn on_threads() {
    runs_are_limited_and_cancelled(ThreadPoolExecutor::new(1));
}

#[test]
fn in_child_processes() {
    runs_are_limited_and_cancelled(processes());
}

#[test]
fn on_a_loop_of_the_program() {
    runs_are_limited_and_cancelled(on_a_loop());
}
