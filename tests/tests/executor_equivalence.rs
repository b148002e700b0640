//! The same jobs at the same times emit the same events on every executor.

use std::collections::BTreeMap;
use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread;
use std::time::Duration;

use punctual::core::{BoxFuture, Refused, Run, RunQueue, Worker};
use punctual::prelude::*;
use punctual::process::init;
use punctual::{DebugExecutor, Executor, ExecutorError, IntervalTriggerBuilder, RunEvent};
use punctual_testkit::ManualScheduler;

#[task]
fn add(a: i64, b: i64) -> i64 {
    a + b
}

#[task]
async fn fail(message: String) -> Result<(), String> {
    Err(message)
}

#[task]
fn panic(message: String) {
    panic!("{message}")
}

/// Connects to the test, and returns when the test closes the connection; works from any process.
#[task]
fn hold(port: u16) -> std::io::Result<()> {
    TcpStream::connect(("127.0.0.1", port))?.read_to_end(&mut Vec::new())?;
    Ok(())
}

fn tasks() -> Tasks {
    Tasks::new().task(add).task(fail).task(panic).task(hold)
}

/// The main function of child processes; not a test. A test harness has no other entry point.
#[test]
fn child() {
    init(&tasks());
}

fn pool() -> ProcessPoolExecutor {
    init(&tasks());
    ProcessPoolExecutor::builder().processes(1).args(["child", "--exact"]).build().unwrap()
}

/// A custom executor: one thread per worker, at most one worker at a time.
#[derive(Default)]
struct CustomExecutor(RwLock<Option<Arc<RunQueue>>>);

impl Executor for CustomExecutor {
    fn start(&self) -> Result<(), ExecutorError> {
        *self.0.write().unwrap() = Some(RunQueue::new(1));
        Ok(())
    }

    fn submit(&self, run: Run) -> Result<(), Refused> {
        let queue = self.0.read().unwrap().clone();
        let Some(queue) = queue else { return Err(Refused::new(run, ExecutorError::NotRunning)) };
        queue.push(run).map(spawn)
    }

    fn shutdown(&self, timeout: Duration) -> BoxFuture<'_, ()> {
        match self.0.write().unwrap().take() {
            Some(queue) => Box::pin(queue.close(timeout)),
            None => Box::pin(std::future::ready(())),
        }
    }
}

fn spawn(worker: Option<Worker>) {
    let Some(mut worker) = worker else { return };
    thread::spawn(move || {
        let wait =
            |run| tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(run);
        while let Some((run, another)) = worker.next() {
            spawn(another);
            run.execute(wait);
        }
    });
}

/// The events of each job, in order. Times are seconds from the start.
#[derive(Clone, Default)]
struct EventTranscript(Arc<Mutex<BTreeMap<String, Vec<String>>>>);

impl EventTranscript {
    fn listen(&self, event: &Event) {
        let (job, text) = match event {
            Event::JobAdded(job) => (job, "added".to_owned()),
            Event::JobRemoved(job) => (job, "removed".to_owned()),
            Event::JobSubmitted(run) => (&run.job, format!("{} submitted", at(run.scheduled_time))),
            Event::JobExecuted(run) | Event::JobError(run) => (&run.job, end(run)),
            Event::JobMissed(skipped)
            | Event::JobCoalesced(skipped)
            | Event::JobMaxInstances(skipped) => (
                &skipped.job,
                format!("{} to {}: {}", at(skipped.first), at(skipped.last), skipped.reason),
            ),
            other => panic!("unexpected event: {other:?}"),
        };
        let mut transcript = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        transcript.entry(job.job_id.to_string()).or_default().push(text);
    }

    #[track_caller]
    fn assert_is(&self, job: &str, expected: &[&str]) {
        let transcript = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        assert_eq!(transcript[job], expected, "{job}");
    }
}

fn at(time: Timestamp) -> i64 {
    time.as_micros() / 1_000_000
}

fn end(run: &RunEvent) -> String {
    let outcome = run.outcome.as_ref().expect("the run has an outcome");
    match (run.started, run.finished) {
        (Some(start), Some(end)) => {
            format!("{} from {} to {}: {outcome}", at(run.scheduled_time), at(start), at(end))
        }
        other => format!("{} {other:?}: {outcome}", at(run.scheduled_time)),
    }
}

fn start(executor: impl Executor) -> (ManualScheduler, EventTranscript) {
    let transcript = EventTranscript::default();
    let listener = transcript.clone();
    let about_jobs = EventMask::JOB_ADDED
        | EventMask::JOB_REMOVED
        | EventMask::JOB_SUBMITTED
        | EventMask::JOB_EXECUTED
        | EventMask::JOB_ERROR
        | EventMask::JOB_MISSED
        | EventMask::JOB_COALESCED
        | EventMask::JOB_MAX_INSTANCES
        | EventMask::JOB_UNRESOLVED;
    let scheduler = ManualScheduler::start(Timestamp::from_seconds(0), |builder| {
        builder
            .timezone("UTC")
            .job_store("default", MemoryJobStore::new())
            .executor("default", executor)
            .tasks(&tasks())
            .listener(about_jobs, move |event| listener.listen(event))
    });
    (scheduler.expect("a scheduler"), transcript)
}

fn from(second: i64) -> IntervalTriggerBuilder {
    IntervalTrigger::seconds(10).start_date(Timestamp::from_seconds(second))
}

fn outcomes_and_overdue_fire_times(executor: impl Executor) {
    let (scheduler, transcript) = start(executor);
    let added = scheduler.block_on(async {
        scheduler.job(add(40, 2)).id("value").add().await?;
        scheduler.job(fail("no paper".into())).id("error").add().await?;
        scheduler.job(panic("oh no".into())).id("panic").add().await?;
        let coalescing = [Coalesce::Latest, Coalesce::Earliest, Coalesce::All];
        for (id, coalesce) in ["latest", "earliest", "all"].into_iter().zip(coalescing) {
            let job = scheduler.job(add(1, 1)).id(id).trigger(from(10));
            job.coalesce(coalesce).add().await?;
        }
        let late = scheduler.job(add(1, 1)).id("late").trigger(from(10));
        late.misfire_grace_time(Duration::from_secs(15)).add().await
    });
    added.expect("jobs");
    scheduler.advance(Duration::ZERO);
    // The clock advances without a pass in between.
    scheduler.clock().advance(Duration::from_secs(35));
    scheduler.advance(Duration::from_secs(6));
    for (job, end) in
        [("value", "success: 42"), ("error", "error: no paper"), ("panic", "panic: oh no")]
    {
        let end = format!("0 from 0 to 0: {end}");
        transcript.assert_is(job, &["added", "0 submitted", &end, "removed"]);
    }
    let at_40 = "40 from 40 to 40: success: 2";
    let coalesced = "10 to 30: coalesced into one run";
    let run = "30 from 35 to 35: success: 2";
    transcript
        .assert_is("latest", &["added", coalesced, "30 submitted", run, "40 submitted", at_40]);
    let late = ["10 to 10: later than misfire_grace_time", "20 to 30: coalesced into one run"];
    let late = [&["added"], &late[..], &["30 submitted", run, "40 submitted", at_40]].concat();
    transcript.assert_is("late", &late);
    let run = "10 from 35 to 35: success: 2";
    transcript
        .assert_is("earliest", &["added", coalesced, "10 submitted", run, "40 submitted", at_40]);
    let all = ["10 submitted", run, "20 submitted", "20 from 35 to 35: success: 2", "30 submitted"];
    let end = ["30 from 35 to 35: success: 2", "40 submitted", at_40];
    transcript.assert_is("all", &[&["added"], &all[..], &end].concat());
}

fn limits_and_queues(executor: impl Executor) {
    let (scheduler, transcript) = start(executor);
    let test = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = test.local_addr().expect("the port").port();
    let added = scheduler.block_on(async {
        scheduler.job(hold(port)).id("long").trigger(from(10)).add().await?;
        let late = scheduler.job(add(1, 1)).id("late").trigger(from(11));
        late.misfire_grace_time(Duration::from_secs(5)).add().await
    });
    added.expect("jobs");
    let pass_at = |second| {
        let now = Timestamp::from_seconds(second);
        scheduler.clock().set(now);
        scheduler.block_on(scheduler.tick(now));
    };
    pass_at(10);
    let long = test.accept().expect("the long run");
    pass_at(11);
    pass_at(20);
    drop(long);
    scheduler.advance(Duration::ZERO);
    let full = "20 to 20: max_instances is reached";
    transcript.assert_is("long", &["added", "10 submitted", full, "10 from 10 to 20: success"]);
    // The run waited in the executor's queue.
    let missed = "11 to 11: later than misfire_grace_time";
    transcript.assert_is("late", &["added", "11 submitted", missed]);
}

macro_rules! equivalence_tests {
    ($($test:ident [$($name:ident: $executor:expr;)*])*) => {$(
        mod $test {
            use super::*;

            $(
                #[test]
                fn $name() {
                    super::$test($executor);
                }
            )*
        }
    )*};
}

equivalence_tests! {
    outcomes_and_overdue_fire_times [
        inline: DebugExecutor;
        tokio: TokioExecutor::new().max_concurrent(1);
        threads: ThreadPoolExecutor::new(1);
        processes: pool();
        custom: CustomExecutor::default();
    ]
    limits_and_queues [
        tokio: TokioExecutor::new().max_concurrent(1);
        threads: ThreadPoolExecutor::new(1);
        processes: pool();
        custom: CustomExecutor::default();
    ]
}
