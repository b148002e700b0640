//! Jobs that run commands: with every executor, and across restarts and shutdowns.

use std::fs::File;
use std::io::Read;
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use punctual::prelude::*;
use punctual::process::init;
use punctual::{
    CommandError, CommandOutput, CommandStatus, DebugExecutor, Executor, JobStore, RunEvent,
    SchedulerBuilder, command, shell,
};
use punctual_tests::process::Process;

/// The timeout for expected events.
const TIMEOUT: Duration = Duration::from_secs(60);

fn builder(store: impl JobStore) -> (SchedulerBuilder<BackgroundScheduler>, Receiver<Event>) {
    let (sender, events) = channel();
    let ends = EventMask::JOB_EXECUTED | EventMask::JOB_ERROR | EventMask::JOB_UNRESOLVED;
    let builder = BackgroundScheduler::builder()
        .timezone("UTC")
        .job_store("default", store)
        // Fails if the test has already ended.
        .listener(ends, move |event| drop(sender.send(event.clone())));
    (builder, events)
}

fn end(events: &Receiver<Event>) -> RunEvent {
    match events.recv_timeout(TIMEOUT).expect("the completion of a run") {
        Event::JobExecuted(run) | Event::JobError(run) => run,
        other => panic!("{other:?}"),
    }
}

fn check_executor(executor: impl Executor) {
    let (builder, events) = builder(MemoryJobStore::new());
    let scheduler = builder.executor("default", executor).start().unwrap();
    let hello = shell("echo hello; cat >&2").stdin("world");
    scheduler.job(hello).id("good").add().unwrap();
    let outcome = end(&events).outcome.unwrap();
    let output = CommandOutput::of(&outcome).unwrap();
    assert!(outcome.is_success());
    assert_eq!((&*output.stdout.head, &*output.stderr.head), ("hello\n", "world"));
    scheduler.job(command("no-such-program")).id("bad").add().unwrap();
    let outcome = end(&events).outcome.unwrap();
    let text = outcome.to_string();
    assert!(text.starts_with("error: no-such-program can't be started: "), "{text}");
    assert!(!command_error(&outcome).is_retryable());
    scheduler.job(shell("echo half; echo oops >&2; exit 3")).id("failing").add().unwrap();
    let outcome = end(&events).outcome.unwrap();
    assert_eq!(outcome.to_string(), "error: /bin/sh: exit status 3: oops");
    let output = CommandOutput::of(&outcome).expect("the output of a failed command");
    assert_eq!(output.status, CommandStatus::Exited(3));
    assert_eq!((&*output.stdout.head, &*output.stderr.head), ("half\n", "oops\n"));
    scheduler.shutdown().unwrap();
}

fn command_error(outcome: &RunOutcome) -> &CommandError {
    match outcome {
        RunOutcome::Failed(error) => error.downcast_ref().expect("the original error"),
        other => panic!("expected an error: {other}"),
    }
}

#[test]
fn tokio() {
    check_executor(TokioExecutor::new());
}

#[test]
fn tokio_with_one_thread() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let handle = runtime.handle().clone();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let thread = std::thread::spawn(move || runtime.block_on(stopped));
    check_executor(TokioExecutor::with_handle(handle));
    stop.send(()).unwrap();
    thread.join().unwrap().unwrap();
}

#[test]
fn threads() {
    check_executor(ThreadPoolExecutor::new(2));
}

#[test]
fn debug() {
    check_executor(DebugExecutor);
}

/// The jobs run on the task of the scheduler, which occupies the only worker thread of the runtime.
#[test]
fn debug_on_a_runtime_with_one_worker() {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    let runtime = runtime.worker_threads(1).enable_all().build().unwrap();
    let (sender, events) = channel();
    runtime.spawn(async move {
        let scheduler = AsyncScheduler::builder()
            .timezone("UTC")
            .executor("default", DebugExecutor)
            .listener(EventMask::JOB_EXECUTED, move |event| drop(sender.send(event.clone())))
            .start()
            .await
            .unwrap();
        scheduler.job(command("echo").arg("hello")).add().await.unwrap();
        std::future::pending::<()>().await;
    });
    let event = events.recv_timeout(TIMEOUT);
    runtime.shutdown_background();
    let Event::JobExecuted(run) = event.expect("the completion of the run") else {
        panic!("no run")
    };
    assert!(run.outcome.unwrap().is_success());
}

fn commands() -> Tasks {
    Tasks::new().task(CommandTask::any())
}

/// The main function of child processes; not a test. A test harness has no other entry point.
#[test]
fn child() {
    init(&commands());
}

#[test]
fn processes() {
    init(&commands());
    let pool = ProcessPoolExecutor::builder().processes(1).args(["child", "--exact"]);
    check_executor(pool.build().unwrap());
}

#[test]
fn a_stored_command_runs_only_with_a_command_task() {
    let folder = tempfile::tempdir().unwrap();
    let store = || SqliteJobStore::open(folder.path().join("jobs.sqlite")).unwrap();
    let (first, _) = builder(store());
    let first = first.build().unwrap();
    first.start_paused().unwrap();
    first.job(command("echo").arg("kept")).id("echo").add().unwrap();
    first.shutdown().unwrap();

    let (second, events) = builder(store());
    let second = second.start().unwrap();
    match events.recv_timeout(TIMEOUT).unwrap() {
        Event::JobUnresolved { job, .. } => assert_eq!(job.job_id.as_str(), "echo"),
        other => panic!("the command ran without a registered command task: {other:?}"),
    }
    second.shutdown().unwrap();

    let (third, events) = builder(store());
    let third = third.task(CommandTask::only(["echo"])).start().unwrap();
    let output = CommandOutput::of(&end(&events).outcome.unwrap()).unwrap();
    assert_eq!(output.stdout.head, "kept\n");
    third.shutdown().unwrap();
}

#[test]
fn a_shutdown_kills_all_processes_of_a_command() {
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    // The script and its child ignore SIGTERM, and both hold the write end of the FIFO open.
    let script = format!("trap '' TERM; exec 3> {}; sleep 1000; echo ended >&3", fifo.display());
    let deaf = shell(script).grace(Duration::from_millis(100));
    let (builder, events) = builder(MemoryJobStore::new());
    let scheduler = builder.start().unwrap();
    scheduler.job(deaf).id("deaf").add().unwrap();
    let mut held = File::open(&fifo).unwrap();
    scheduler.shutdown_timeout(Duration::ZERO).unwrap();
    let mut written = String::new();
    held.read_to_string(&mut written).unwrap();
    assert_eq!(written, "", "a process survived");
    drop(events);
}

/// However the scheduler is killed, its commands are killed too, whether they run in its process or in a pool process.
#[test]
fn commands_are_killed_with_their_scheduler() {
    for executor in ["here", "pool"] {
        let folder = tempfile::tempdir().unwrap();
        let fifo = folder.path().join("fifo");
        assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        let script = format!(
            "read go; trap '' TERM; exec 3> {}; sleep 1000; echo ended >&3",
            fifo.display()
        );
        let program = env!("CARGO_BIN_EXE_punctual-test-blocking");
        let process = Process::start(Command::new(program).args([executor, &*script]));
        let mut held = File::open(&fifo).unwrap();
        process.kill();
        let mut written = String::new();
        held.read_to_string(&mut written).unwrap();
        assert_eq!(written, "", "a process survived");
    }
}
