//! Schedulers in real loops, and their end.

#[cfg(all(target_os = "linux", feature = "winit"))]
mod winit_loop;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use punctual_core::{Event, EventMask, JobContext, RunOutcome};
use punctual_executor_loop::{LoopBudget, LoopExecutor};
use punctual_executor_threads::ThreadPoolExecutor;
use punctual_loops::{AttachedLoop, LocalScheduler, LoopError};
use punctual_scheduler::{
    BackgroundScheduler, FailureLog, JobContextExt, SchedulerError, SchedulerState,
};
use tokio::task::LocalSet;

fn local() -> LocalScheduler {
    LocalScheduler::builder()
        .timezone("UTC")
        .failure_log(FailureLog::Off)
        .executor("threads", ThreadPoolExecutor::new(1))
        .build()
        .unwrap()
}

/// Attaches the current thread, with messages that wake it.
fn attach(scheduler: &LocalScheduler) -> (AttachedLoop, Receiver<()>) {
    let (sender, messages) = channel();
    (scheduler.attach(move || sender.send(()).unwrap_or_default()).unwrap(), messages)
}

/// Adds three jobs on the loop, and one in the thread pool. `done` is called on the loop after the last one there.
fn add_jobs(jobs: &AttachedLoop, done: impl Fn() + 'static) {
    let scheduler = jobs.scheduler();
    let own = thread::current().id();
    let elsewhere = move || assert_ne!(thread::current().id(), own);
    scheduler.job(elsewhere).id("threads").executor("threads").add().unwrap();
    let (count, done) = (Rc::new(Cell::new(0)), Rc::new(done));
    for number in 1..=3 {
        let (count, done) = (Rc::clone(&count), Rc::clone(&done));
        let task = jobs.local_task(move |_| {
            assert_eq!(thread::current().id(), own);
            count.set(count.get() + 1);
            if count.get() == 3 {
                done();
            }
        });
        scheduler.job(task).id(format!("loop {number}")).add().unwrap();
    }
}

/// Collects the results of runs, on the loop.
fn record(jobs: &AttachedLoop) -> Rc<RefCell<Vec<(String, bool)>>> {
    let results = Rc::new(RefCell::new(Vec::new()));
    let own = Rc::clone(&results);
    let thread = thread::current().id();
    jobs.add_listener(EventMask::JOB_EXECUTED | EventMask::JOB_ERROR, move |event| {
        assert_eq!(thread::current().id(), thread);
        if let Event::JobExecuted(run) | Event::JobError(run) = event {
            let is_success = run.outcome.as_ref().is_some_and(RunOutcome::is_success);
            own.borrow_mut().push((run.job.job_id.to_string(), is_success));
        }
    });
    results
}

#[track_caller]
fn assert_results(results: &RefCell<Vec<(String, bool)>>) {
    let mut results = results.borrow().clone();
    results.sort();
    let expected = ["loop 1", "loop 2", "loop 3", "threads"].map(|job| (job.to_owned(), true));
    assert_eq!(results, expected);
}

#[test]
fn a_loop_by_hand() {
    let scheduler = local();
    let (jobs, messages) = attach(&scheduler);
    let (results, is_done) = (record(&jobs), Rc::new(Cell::new(false)));
    let done = Rc::clone(&is_done);
    add_jobs(&jobs, move || done.set(true));
    while !is_done.get() {
        messages.recv().unwrap();
        jobs.run_ready(LoopBudget::default());
    }
    // Delivers the last events, too.
    jobs.shutdown().unwrap();
    assert_results(&results);
    // It can be attached again.
    drop(jobs);
    let (jobs, _messages) = attach(&scheduler);
    let run = scheduler.job(|| 42).paused().add().unwrap().run_now().unwrap();
    scheduler.shutdown().unwrap();
    assert_eq!(run.wait().value(), Some(&42.into()));
    drop(jobs);
}

#[tokio::test(flavor = "current_thread")]
async fn a_local_set() {
    let scheduler = local();
    let (jobs, future) = scheduler.attach_future().unwrap();
    let results = record(&jobs);
    let (sender, mut done) = tokio::sync::mpsc::channel(1);
    add_jobs(&jobs, move || sender.try_send(()).unwrap());
    let local = LocalSet::new();
    local
        .run_until(async {
            tokio::task::spawn_local(future);
            done.recv().await.unwrap();
            // Timers of the runtime.
            let task = jobs.local_async_task(|_| async {
                tokio::time::interval(Duration::from_millis(1)).tick().await;
                42
            });
            let job = scheduler.to_async().job(task).id("timer").paused().add().await.unwrap();
            let outcome = job.run_now().await.unwrap().wait().await;
            assert_eq!(outcome.value(), Some(&42.into()));
            scheduler.to_async().shutdown().await.unwrap();
        })
        .await;
    while jobs.run_ready(LoopBudget::default()) {}
    results.borrow_mut().retain(|(job, _)| job != "timer");
    assert_results(&results);
}

/// On a runtime other than tokio, with the scheduler's methods awaited there.
#[test]
fn a_smol_executor() {
    let scheduler = local();
    let (jobs, future) = scheduler.attach_future().unwrap();
    let results = record(&jobs);
    let (sender, mut done) = tokio::sync::mpsc::channel(1);
    add_jobs(&jobs, move || sender.try_send(()).unwrap());
    let executor = async_executor::LocalExecutor::new();
    let runs = executor.spawn(future);
    pollster::block_on(executor.run(async {
        done.recv().await.unwrap();
        let asynchronous = scheduler.to_async();
        let remove = |context: JobContext| async move {
            let scheduler = context.scheduler().unwrap();
            scheduler.get_jobs(Default::default()).await.map(|jobs| jobs.len())
        };
        let job = asynchronous.job(remove).id("list").paused().add().await.unwrap();
        assert!(job.run_now().await.unwrap().wait().await.is_success());
        asynchronous.shutdown().await.unwrap();
    }));
    drop(runs);
    while jobs.run_ready(LoopBudget::default()) {}
    results.borrow_mut().retain(|(job, _)| job != "list");
    assert_results(&results);
}

#[cfg(all(unix, feature = "descriptor"))]
#[test]
fn a_reactor() {
    use punctual_loops::ReactorScheduler;
    use rustix::event::{PollFd, PollFlags, poll};

    let scheduler = ReactorScheduler::builder()
        .timezone("UTC")
        .executor("threads", ThreadPoolExecutor::new(1))
        .build()
        .unwrap();
    let jobs = scheduler.attach().unwrap();
    let (results, is_done) = (record(&jobs), Rc::new(Cell::new(false)));
    let done = Rc::clone(&is_done);
    add_jobs(&jobs, move || done.set(true));
    while !is_done.get() {
        let mut descriptors = [PollFd::new(&jobs, PollFlags::IN)];
        poll(&mut descriptors, None).unwrap();
        jobs.run_ready(LoopBudget::default());
    }
    jobs.shutdown().unwrap();
    assert_results(&results);
}

#[cfg(all(unix, feature = "calloop"))]
#[test]
fn a_calloop_loop() {
    use calloop::EventLoop;
    use punctual_loops::CalloopScheduler;

    let mut event_loop = EventLoop::<()>::try_new().unwrap();
    let scheduler = CalloopScheduler::builder()
        .timezone("UTC")
        .executor("threads", ThreadPoolExecutor::new(1))
        .build()
        .unwrap();
    let jobs = scheduler.attach(&event_loop.handle()).unwrap();
    let results = record(&jobs);
    let signal = event_loop.get_signal();
    add_jobs(&jobs, move || signal.stop());
    event_loop.run(None, &mut (), |()| {}).unwrap();
    jobs.shutdown().unwrap();
    assert_results(&results);
    // The source has been removed, so another one can be inserted.
    drop(jobs);
    let jobs = scheduler.attach(&event_loop.handle()).unwrap();
    drop(event_loop);
    drop(jobs);
    assert_eq!(scheduler.state(), SchedulerState::Stopped);
}

#[cfg(feature = "glib")]
#[test]
fn a_glib_loop() {
    use glib::{MainContext, MainLoop};
    use punctual_loops::GlibScheduler;

    let context = MainContext::new();
    let main_loop = MainLoop::new(Some(&context), false);
    let scheduler = GlibScheduler::builder()
        .timezone("UTC")
        .executor("threads", ThreadPoolExecutor::new(1))
        .build()
        .unwrap();
    let jobs = scheduler.attach(&context).unwrap();
    let results = record(&jobs);
    let quit = main_loop.clone();
    add_jobs(&jobs, move || quit.quit());
    main_loop.run();
    jobs.shutdown().unwrap();
    assert_results(&results);
    // It can't be attached to the loop of another thread.
    drop(jobs);
    let error = context.acquire().map(|_owned| {
        thread::scope(|scope| scope.spawn(|| scheduler.attach(&context).unwrap_err()).join())
            .unwrap()
    });
    assert!(matches!(error.unwrap(), LoopError::Attach(_)));
    drop(scheduler.attach(&context).unwrap());
    assert_eq!(scheduler.state(), SchedulerState::Stopped);
}

#[cfg(feature = "qt")]
#[test]
fn a_qt_loop() {
    use punctual_loops::QtScheduler;
    use punctual_qt_sys::EventLoop;

    let event_loop = Rc::new(EventLoop::new());
    let scheduler = QtScheduler::builder()
        .timezone("UTC")
        .executor("threads", ThreadPoolExecutor::new(1))
        .build()
        .unwrap();
    let jobs = scheduler.attach().unwrap();
    let results = record(&jobs);
    let quit = Rc::clone(&event_loop);
    add_jobs(&jobs, move || quit.quit());
    event_loop.exec();
    jobs.shutdown().unwrap();
    assert_results(&results);
    // It can be attached again, also by a job that ends the loop.
    drop(jobs);
    let jobs = Rc::new(RefCell::new(Some(scheduler.attach().unwrap())));
    let (own, quit) = (Rc::clone(&jobs), Rc::clone(&event_loop));
    let end = jobs.borrow().as_ref().unwrap().local_task(move |_| {
        drop(own.take());
        quit.quit();
    });
    scheduler.job(end).add().unwrap();
    event_loop.exec();
    assert!(jobs.borrow().is_none());
    assert!(!scheduler.is_running());
}

#[test]
fn a_run_shuts_the_scheduler_down() {
    let scheduler = local();
    let (jobs, messages) = attach(&scheduler);
    let own = scheduler.clone();
    // Returns immediately, although the shutdown waits for this run.
    let job = scheduler.job(move || own.shutdown()).paused().add().unwrap();
    let run = job.run_now().unwrap();
    while scheduler.is_running() {
        messages.recv().unwrap();
        jobs.run_ready(LoopBudget::default());
    }
    // Ends with the shutdown in the background.
    jobs.block_on(scheduler.to_async().stopped());
    assert!(run.wait().is_success());
    assert!(matches!(jobs.shutdown(), Err(SchedulerError::NotRunning)));
}

#[test]
fn the_end_of_the_loop_is_a_shutdown() {
    let scheduler = local();
    let (jobs, _messages) = attach(&scheduler);
    let was_cancelled = Rc::new(Cell::new(false));
    let own = Rc::clone(&was_cancelled);
    let task = jobs.local_async_task(move |context| {
        let own = Rc::clone(&own);
        async move {
            context.cancelled().await;
            own.set(true);
        }
    });
    let waiting = scheduler.job(task).paused().add().unwrap().run_now().unwrap();
    while jobs.future_count() == 0 {
        jobs.run_ready(LoopBudget::UNLIMITED);
        thread::yield_now();
    }
    let queued = scheduler.job(|| ()).paused().add().unwrap().run_now().unwrap();
    drop(jobs);
    assert_eq!(scheduler.state(), SchedulerState::Stopped);
    assert!(was_cancelled.get());
    drop(waiting);
    // Reported in any case: it may have started before the shutdown.
    assert!(matches!(queued.wait(), RunOutcome::Lost | RunOutcome::Success(_)));
}

/// Jobs on the loop are refused once it has ended, and a scheduler with another default executor continues.
#[test]
fn other_threads_may_shut_down() {
    let scheduler = LocalScheduler::builder_with(LoopExecutor::new().max_concurrent(1))
        .timezone("UTC")
        .executor("default", ThreadPoolExecutor::new(1))
        .build()
        .unwrap();
    let (jobs, messages) = attach(&scheduler);
    let own = thread::current().id();
    let on_loop = move || thread::current().id() == own;
    let job = scheduler.job(on_loop).executor("loop").paused().add().unwrap();
    let run = job.run_now().unwrap();
    let other = scheduler.clone();
    let shutdown = thread::spawn(move || other.shutdown());
    while !shutdown.is_finished() {
        // The shutdown needs no wake-up after the run.
        let _ = messages.recv_timeout(Duration::from_millis(1));
        jobs.run_ready(LoopBudget::default());
    }
    shutdown.join().unwrap().unwrap();
    assert_eq!(run.wait().value(), Some(&true.into()));
}

#[test]
fn two_loops_are_an_error() {
    let scheduler = local();
    let (jobs, _messages) = attach(&scheduler);
    assert!(matches!(scheduler.attach(|| {}), Err(LoopError::Attach(_))));
    let background: &BackgroundScheduler = &scheduler;
    assert!(background.is_running());
    jobs.shutdown().unwrap();
    // A failed start detaches the loop.
    drop(jobs);
    background.start().unwrap();
    let error = scheduler.attach(|| {}).unwrap_err();
    assert!(matches!(error, LoopError::Scheduler(SchedulerError::AlreadyRunning)), "{error}");
    background.shutdown().unwrap();
}
