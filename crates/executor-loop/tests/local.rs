//! Values that are not `Send`, nested loops, and wake-ups.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use punctual_core::{
    BoxFuture, Executor, ExecutorError, Refused, Run, RunOutcome, Task, TaskError,
};
use punctual_executor_loop::{AttachError, LocalTask, LocalTaskError, LoopBudget, LoopExecutor};
use punctual_scheduler::{BackgroundScheduler, JobQuery};
use punctual_testkit::executor::{async_run, blocking_run};

/// Executes each run on a new thread.
struct NewThreads;

impl Executor for NewThreads {
    fn start(&self) -> Result<(), ExecutorError> {
        Ok(())
    }

    fn submit(&self, run: Run) -> Result<(), Refused> {
        thread::spawn(move || run.execute(pollster::block_on));
        Ok(())
    }

    fn shutdown(&self, _: Duration) -> BoxFuture<'_, ()> {
        Box::pin(std::future::ready(()))
    }
}

/// A scheduler whose default executor is a loop; `threads` is another one.
fn scheduler() -> (BackgroundScheduler, Arc<LoopExecutor>) {
    let executor = Arc::new(LoopExecutor::new());
    let scheduler = BackgroundScheduler::builder()
        .timezone("UTC")
        .executor("default", Arc::clone(&executor))
        .executor("threads", NewThreads)
        .start()
        .unwrap();
    (scheduler, executor)
}

/// Adds a job and runs it once.
fn run_once(
    scheduler: &BackgroundScheduler,
    jobs: &punctual_executor_loop::LoopRunner,
    task: LocalTask,
    executor: &str,
) -> RunOutcome {
    let job = scheduler.job(task).executor(executor).paused().add().unwrap();
    let job = job.id.clone();
    let scheduler = scheduler.to_async();
    jobs.block_on(async {
        let run = scheduler.run_job_now(job.clone()).await.unwrap();
        let outcome = run.wait().await;
        scheduler.remove_job(job).await.unwrap();
        outcome
    })
}

#[test]
fn closures_and_futures_stay_on_their_thread() {
    let (scheduler, executor) = scheduler();
    let jobs = executor.attach(|| {}).unwrap();
    let log = Rc::new(RefCell::new(Vec::new()));

    let own = Rc::clone(&log);
    let task = jobs.local_task(move |context| {
        own.borrow_mut().push(context.job_id().to_string());
        own.borrow().len()
    });
    assert_eq!(run_once(&scheduler, &jobs, task, "default").value(), Some(&1.into()));

    let own = Rc::clone(&log);
    let task = jobs.local_async_task(move |_| {
        let own = Rc::clone(&own);
        async move {
            // Not ready when it is first polled; woken from another thread.
            let (sender, receiver) = tokio::sync::oneshot::channel();
            let thread = thread::spawn(move || sender.send("woken".to_owned()));
            let text = receiver.await?;
            own.borrow_mut().push(text);
            drop(thread.join());
            Ok::<_, TaskError>(own.borrow().len())
        }
    });
    assert_eq!(run_once(&scheduler, &jobs, task, "default").value(), Some(&2.into()));

    // The jobs have been removed, so the closures have been dropped, and with them the references.
    jobs.run_ready(LoopBudget::UNLIMITED);
    assert_eq!(Rc::strong_count(&log), 1);
    jobs.block_on(scheduler.to_async().shutdown()).unwrap();
}

#[test]
fn another_executor_rejects_local_tasks() {
    let (scheduler, executor) = scheduler();
    let jobs = executor.attach(|| {}).unwrap();
    for task in [jobs.local_task(|_| ()), jobs.local_async_task(|_| async {})] {
        match run_once(&scheduler, &jobs, task, "threads") {
            RunOutcome::Failed(error) => assert!(error.is::<LocalTaskError>(), "{error}"),
            other => panic!("expected an error: {other}"),
        }
    }
    jobs.block_on(scheduler.to_async().shutdown()).unwrap();
}

#[test]
fn local_values_are_dropped_with_the_loop() {
    let (scheduler, executor) = scheduler();
    let jobs = executor.attach(|| {}).unwrap();
    let (value, waiting) = (Rc::new(()), Rc::new(Cell::new(false)));
    let own = Rc::clone(&value);
    let task = jobs.local_task(move |_| drop(Rc::clone(&own)));
    scheduler.job(task).paused().add().unwrap();
    let (own, is_waiting) = (Rc::clone(&value), Rc::clone(&waiting));
    let task = jobs.local_async_task(move |_| {
        let own = Rc::clone(&own);
        is_waiting.set(true);
        async move {
            std::future::pending::<()>().await;
            drop(own);
        }
    });
    let job = scheduler.job(task).paused().add().unwrap();
    let run = job.run_now().unwrap();
    jobs.spawn({
        let value = Rc::clone(&value);
        async move {
            std::future::pending::<()>().await;
            drop(value);
        }
    });
    while !waiting.get() {
        jobs.run_ready(LoopBudget::default());
        thread::yield_now();
    }
    assert_eq!(Rc::strong_count(&value), 5);
    drop(jobs);
    assert_eq!(Rc::strong_count(&value), 1);
    assert!(matches!(run.wait(), RunOutcome::Lost));
    // Without a loop, the shutdown does not wait for it.
    scheduler.shutdown().unwrap();
}

#[test]
fn a_run_may_run_the_loop() {
    let executor = LoopExecutor::new();
    executor.start().unwrap();
    let jobs = Rc::new(executor.attach(|| {}).unwrap());
    let nested = Rc::clone(&jobs);
    let order = Rc::new(RefCell::new(Vec::new()));
    let own = Rc::clone(&order);
    let (sender, receiver) = tokio::sync::oneshot::channel();
    jobs.spawn(async move {
        own.borrow_mut().push("begin");
        // Wakes this future while it is being polled.
        sender.send(()).unwrap();
        nested.run_ready(LoopBudget::UNLIMITED);
        own.borrow_mut().push("end");
    });
    let own = Rc::clone(&order);
    jobs.spawn(async move {
        receiver.await.unwrap();
        own.borrow_mut().push("nested");
    });
    jobs.run_ready(LoopBudget::UNLIMITED);
    assert_eq!(*order.borrow(), ["begin", "nested", "end"]);
    assert_eq!(jobs.future_count(), 0);
}

#[test]
fn a_panic_of_a_future_is_contained() {
    let jobs = LoopExecutor::new().attach(|| {}).unwrap();
    jobs.spawn(async { panic!("on purpose") });
    assert!(!jobs.run_ready(LoopBudget::UNLIMITED));
    assert_eq!(jobs.future_count(), 0);
}

#[test]
fn the_loop_is_woken_once_until_it_runs() {
    let executor = LoopExecutor::new();
    executor.start().unwrap();
    // Runs are queued until a loop is attached, which is then woken.
    let (run, before) = blocking_run(|_| ());
    executor.submit(run).unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let wakes = Arc::clone(&count);
    let jobs = executor
        .attach(move || {
            wakes.fetch_add(1, Ordering::SeqCst);
        })
        .unwrap();
    assert_eq!(count.load(Ordering::SeqCst), 1);
    for _ in 0..100 {
        let (run, _) = async_run(|_| async {});
        executor.submit(run).unwrap();
    }
    assert_eq!(count.load(Ordering::SeqCst), 1);
    // Work that is left wakes the loop again.
    assert!(jobs.run_ready(LoopBudget::UNLIMITED.runs(1)));
    assert_eq!(count.load(Ordering::SeqCst), 2);
    assert!(before.outcome().is_success());
    assert!(!jobs.run_ready(LoopBudget::UNLIMITED));
    let idle = count.load(Ordering::SeqCst);
    assert!(!jobs.run_ready(LoopBudget::UNLIMITED));
    assert_eq!(count.load(Ordering::SeqCst), idle, "an idle loop is not woken");
}

#[test]
fn one_loop_at_a_time() {
    let executor = LoopExecutor::new();
    executor.start().unwrap();
    let first = executor.attach(|| {}).unwrap();
    assert!(matches!(executor.attach(|| {}), Err(AttachError::AlreadyAttached)));
    drop(first);
    let (run, _) = blocking_run(|_| ());
    let refused = executor.submit(run);
    assert!(matches!(refused, Err(Refused { reason: ExecutorError::NotRunning, .. })));
    let second = executor.attach(|| {}).unwrap();
    let (run, outcome) = blocking_run(|_| ());
    executor.submit(run).unwrap();
    second.run_ready(LoopBudget::UNLIMITED);
    assert!(outcome.outcome().is_success());
}

#[test]
fn block_on_executes_runs_and_futures() {
    let (scheduler, executor) = scheduler();
    let jobs = executor.attach(|| {}).unwrap();
    let job = scheduler.job(|| 42).paused().add().unwrap();
    let run = job.run_now().unwrap();
    let asynchronous = scheduler.to_async();
    // The shutdown waits for the run, which this thread executes.
    jobs.block_on(asynchronous.shutdown_timeout(Duration::from_secs(60))).unwrap();
    assert_eq!(run.wait().value(), Some(&42.into()));
    assert!(scheduler.get_jobs(JobQuery::new()).is_err());
}

/// A task that is `Send`, to show that all kinds run on the loop.
struct Add;

impl Task for Add {
    const NAME: &'static str = "add";
    type Args = (i64, i64);

    fn body(_: punctual_core::JobContext, (a, b): (i64, i64)) -> punctual_core::TaskBody {
        punctual_core::TaskBody::blocking(move || Ok((a + b).into()))
    }
}

#[test]
fn stored_tasks_run_on_the_loop() {
    let (scheduler, executor) = scheduler();
    let jobs = executor.attach(|| {}).unwrap();
    let job = scheduler.job(punctual_core::Call::<Add>::new((40, 2))).paused().add().unwrap();
    let run = job.run_now().unwrap();
    jobs.block_on(scheduler.to_async().shutdown()).unwrap();
    assert_eq!(run.wait().value(), Some(&42.into()));
}
