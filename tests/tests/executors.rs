//! Every executor runs every kind of task with every store, and continues after a restart.

use std::collections::HashMap;
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use punctual::prelude::*;
use punctual::process::init;
use punctual::{DebugExecutor, Executor, JobStore, RunEvent};

/// The timeout for expected events.
const TIMEOUT: Duration = Duration::from_secs(60);

#[task]
fn add(a: i64, b: i64) -> i64 {
    a + b
}

#[task]
async fn join(words: Vec<String>) -> Result<String, std::fmt::Error> {
    Ok(words.join(" "))
}

#[task]
fn fail(message: String) -> Result<(), String> {
    Err(message)
}

#[task]
async fn panic(message: String) {
    panic!("{message}")
}

#[task]
async fn beat(context: JobContext) -> String {
    context.job_id().to_string()
}

/// Connects to the test, and returns when the test closes the connection; works from any process.
#[task]
fn hold(port: u16) -> std::io::Result<()> {
    let mut test = TcpStream::connect(("127.0.0.1", port))?;
    test.read_to_end(&mut Vec::new())?;
    Ok(())
}

fn tasks() -> Tasks {
    Tasks::new().task(add).task(join).task(fail).task(panic).task(beat).task(hold)
}

/// The main function of child processes; not a test. A test harness has no other entry point.
#[test]
fn child() {
    init(&tasks());
}

fn processes(processes: usize) -> ProcessPoolExecutor {
    init(&tasks());
    let pool = ProcessPoolExecutor::builder().processes(processes).args(["child", "--exact"]);
    pool.build().unwrap()
}

/// Starts a scheduler with the tasks; returns it with a receiver of completions.
fn start(
    store: impl JobStore,
    executor: impl Executor,
) -> (BackgroundScheduler, Receiver<RunEvent>) {
    let (ended, ends) = channel();
    let scheduler = BackgroundScheduler::builder()
        .timezone("UTC")
        .job_store("default", store)
        .executor("default", executor)
        .task(beat)
        .listener(EventMask::JOB_EXECUTED | EventMask::JOB_ERROR, move |event| {
            if let Event::JobExecuted(run) | Event::JobError(run) = event {
                // Fails if the test has already ended.
                let _ = ended.send(run.clone());
            }
        })
        .start();
    (scheduler.unwrap(), ends)
}

fn next(ends: &Receiver<RunEvent>) -> RunEvent {
    ends.recv_timeout(TIMEOUT).expect("the completion of a run")
}

fn runs_every_kind_of_task(store: impl JobStore, executor: impl Executor) {
    let (scheduler, ends) = start(store, executor);
    scheduler.job(add(2, 3)).id("sync").add().unwrap();
    let words = vec!["hello".into(), "world".into()];
    scheduler.job(join(words)).id("async").add().unwrap();
    scheduler.job(fail("no luck".into())).id("failing").add().unwrap();
    scheduler.job(panic("oh no".into())).id("panicking").add().unwrap();
    let outcomes: HashMap<_, _> = (0..4)
        .map(|_| {
            let run = next(&ends);
            assert!(run.scheduled_time <= run.started.unwrap(), "{run:?}");
            assert!(run.started <= run.finished, "{run:?}");
            (run.job.job_id.to_string(), run.outcome.unwrap().to_string())
        })
        .collect();
    assert_eq!(outcomes["sync"], "success: 5");
    assert_eq!(outcomes["async"], "success: \"hello world\"");
    assert_eq!(outcomes["failing"], "error: no luck");
    assert_eq!(outcomes["panicking"], "panic: oh no");
    scheduler.shutdown().unwrap();
    // The jobs were removed after their only run.
    scheduler.start_paused().unwrap();
    assert!(scheduler.get_jobs(JobQuery::new()).unwrap().is_empty());
    scheduler.shutdown().unwrap();
}

/// Restarts the same scheduler, then creates a new one on the same jobs, which finds the task by its name.
fn continues_after_a_restart<S: JobStore, E: Executor>(
    store: impl Fn() -> S,
    executor: impl Fn() -> E,
) {
    let (scheduler, ends) = start(store(), executor());
    scheduler
        .job(beat())
        .id("heart")
        .trigger(IntervalTrigger::seconds(0.02))
        .coalesce(Coalesce::All)
        .recovery(Recovery::Rerun)
        .add()
        .unwrap();
    let mut last = None;
    let mut check_runs = |ends: &Receiver<RunEvent>| {
        for _ in 0..3 {
            let run = next(ends);
            assert_eq!(run.outcome.unwrap().to_string(), "success: \"heart\"");
            assert!(last < Some(run.scheduled_time), "{last:?} before {}", run.scheduled_time);
            last = Some(run.scheduled_time);
        }
    };
    check_runs(&ends);
    scheduler.shutdown().unwrap();
    scheduler.start().unwrap();
    check_runs(&ends);
    scheduler.shutdown().unwrap();
    // Completions before the shutdown have been delivered by now.
    let fire_count = ends.try_iter().count() as u64 + 6;

    let (scheduler, ends) = start(store(), executor());
    check_runs(&ends);
    scheduler.shutdown().unwrap();
    let fire_count = fire_count + ends.try_iter().count() as u64 + 3;
    scheduler.start_paused().unwrap();
    let job = scheduler.get_job("heart").unwrap().expect("the job");
    assert_eq!((job.fire_count, job.in_flight), (fire_count, 0));
    scheduler.shutdown().unwrap();
}

/// Waits until the clock is past `time`.
fn pass(time: Timestamp) {
    while SystemClock.now() <= time {
        std::thread::yield_now();
    }
}

/// For executors that run one job at a time.
fn follows_limits_and_policies(executor: impl Executor) {
    let (sender, events) = channel();
    let scheduler = BackgroundScheduler::builder()
        .timezone("UTC")
        .executor("default", executor)
        .tasks(&tasks())
        .listener(EventMask::ALL, move |event| drop(sender.send(event.clone())))
        .start()
        .unwrap();
    let wait = |what: &str, is_it: &dyn Fn(&Event) -> bool| {
        loop {
            let event = events.recv_timeout(TIMEOUT).expect(what);
            if is_it(&event) {
                return event;
            }
        }
    };
    let test = TcpListener::bind("127.0.0.1:0").unwrap();
    let every = IntervalTrigger::seconds(0.02);
    let long = hold(test.local_addr().unwrap().port());
    scheduler.job(long).id("long").trigger(every).add().unwrap();
    let run = test.accept().unwrap();
    wait("a fire time that is skipped because of `max_instances`", &|event| {
        matches!(event, Event::JobMaxInstances(_))
    });
    scheduler.remove_job("long").unwrap();

    // Another job is queued behind the long run for longer than its grace time.
    let grace = Duration::from_millis(10);
    let is_missed = |event: &Event, id: &str| match event {
        Event::JobMissed(skipped) => skipped.job.job_id.as_str() == id,
        _ => false,
    };
    // On a busy machine the job may exceed its grace time even before it is queued.
    let (id, run_time) = (0..100)
        .find_map(|number| {
            let late = scheduler.job(add(1, 1)).misfire_grace_time(grace);
            let id = late.id(format!("late {number}")).add().unwrap().id.to_string();
            let is_submitted = |event: &Event| {
                matches!(event, Event::JobSubmitted(run) if run.job.job_id.as_str() == id)
            };
            match wait("a submitted or missed run", &|event| is_submitted(event) || is_missed(event, &id)) {
                Event::JobSubmitted(run) => Some((id, run.scheduled_time)),
                _ => None,
            }
        })
        .expect("a run that is submitted on time");
    pass(run_time.saturating_add(grace));
    drop(run);
    wait("a missed run", &|event| is_missed(event, &id));

    // Fire times that pass while no run may start are coalesced into one run.
    scheduler.pause().unwrap();
    let often = IntervalTrigger::seconds(0.01);
    scheduler.job(beat()).id("beat").trigger(often).add().unwrap();
    pass(SystemClock.now().saturating_add(Duration::from_millis(50)));
    scheduler.resume().unwrap();
    wait("coalesced fire times", &|event| matches!(event, Event::JobCoalesced(_)));
    wait("the coalesced run", &|event| matches!(event, Event::JobExecuted(_)));
    scheduler.shutdown().unwrap();
}

fn sqlite(folder: &Path) -> SqliteJobStore {
    SqliteJobStore::open(folder.join("jobs.sqlite")).unwrap()
}

macro_rules! executors {
    ($($name:ident: $executor:expr;)*) => {$(
        mod $name {
            use super::*;

            #[test]
            fn runs_every_kind_of_task_in_memory() {
                runs_every_kind_of_task(MemoryJobStore::new(), $executor);
            }

            #[test]
            fn runs_every_kind_of_task_from_sqlite() {
                let folder = tempfile::tempdir().unwrap();
                runs_every_kind_of_task(sqlite(folder.path()), $executor);
            }

            #[test]
            fn continues_after_a_restart_in_memory() {
                let store = MemoryJobStore::new();
                continues_after_a_restart(|| store.clone(), || $executor);
            }

            #[test]
            fn continues_after_a_restart_from_sqlite() {
                let folder = tempfile::tempdir().unwrap();
                continues_after_a_restart(|| sqlite(folder.path()), || $executor);
            }
        }
    )*};
}

executors! {
    tokio: TokioExecutor::new();
    tokio_one_at_a_time: TokioExecutor::new().max_concurrent(1);
    threads: ThreadPoolExecutor::new(2);
    processes: processes(2);
    on_the_spot: DebugExecutor;
}

#[test]
fn tokio_follows_limits_and_policies() {
    follows_limits_and_policies(TokioExecutor::new().max_concurrent(1));
}

#[test]
fn threads_follow_limits_and_policies() {
    follows_limits_and_policies(ThreadPoolExecutor::new(1));
}

#[test]
fn processes_follow_limits_and_policies() {
    follows_limits_and_policies(processes(1));
}
