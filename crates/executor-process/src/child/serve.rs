//! The main loop of a child process.

use std::cell::OnceCell;
use std::io::{self, Read};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process;
use std::sync::Arc;
use std::thread;

use punctual_core::{JobContext, Run, RunParts, SystemClock, TaskName, TaskRegistry, Tasks};
use rustix::process::{Pid, Resource, Rlimit, Signal, getppid, getrlimit};
use tokio::runtime::{Builder, Runtime};

use super::dispatcher::{PoolRunSink, RunDispatcher};
use super::kill::kill_own_group;
use crate::wire::{FrameDecoder, FromChild, Handshake, RunRequest, RunResult, ToChild, VERSION};

/// The maximum size of the first message in bytes.
const MAX_HANDSHAKE_LEN: usize = 1 << 16;

/// The stack size of the job thread in bytes: that of a main thread on most systems.
const JOB_STACK_SIZE: usize = 8 << 20;

/// Executes runs until the pool stops this process.
pub(super) fn run_child(socket: UnixStream, parent: Pid, tasks: &Tasks) -> ! {
    let mut reader = MessageReader { socket, frames: FrameDecoder::new(MAX_HANDSHAKE_LEN) };
    let Ok(Some(ToChild::Handshake(handshake))) = reader.read_message() else { kill_own_group() };
    let Ok(write_socket) = reader.socket.try_clone() else { kill_own_group() };
    let dispatcher = Arc::new(RunDispatcher::new(write_socket, handshake.limit));
    let ready = configure_process(&handshake, parent)
        .and_then(|()| spawn_job_thread(&dispatcher, registry(tasks)?));
    let sent = dispatcher.send(&match &ready {
        Ok(tasks) => FromChild::Ready { version: VERSION.into(), tasks: tasks.clone() },
        Err(reason) => FromChild::SetupFailed(reason.clone()),
    });
    let (Ok(_), Ok(())) = (ready, sent) else { process::exit(1) };
    reader.frames.set_limit(handshake.limit);
    read_loop(reader, &dispatcher)
}

/// Applies the settings from the handshake to this process. Must be called before further threads are started.
fn configure_process(handshake: &Handshake, parent: Pid) -> Result<(), String> {
    set_process_name();
    if handshake.version != VERSION {
        return Err(format!(
            "version mismatch: the child is {VERSION:?}, its parent is {:?}",
            handshake.version
        ));
    }
    // The reader thread detects the exit of the parent and kills the process group. It can't do so while this process
    // is stopped, so the kernel is requested to send SIGCONT when the parent exits.
    #[cfg(target_os = "linux")]
    let requested = rustix::process::set_parent_process_death_signal(Some(Signal::CONT));
    #[cfg(not(target_os = "linux"))]
    let requested: rustix::io::Result<()> = Ok(());
    requested.map_err(|error| format!("can't set the parent-death signal: {error}"))?;
    if getppid() != Some(parent) {
        return Err("the parent process has exited".into());
    }
    if handshake.nice != 0 {
        rustix::process::nice(handshake.nice).map_err(|error| {
            format!("can't increase the nice value by {}: {error}", handshake.nice)
        })?;
    }
    if let Some(memory) = handshake.memory {
        let maximum = getrlimit(Resource::Data).maximum;
        let limit = Rlimit { current: Some(memory), maximum };
        rustix::process::setrlimit(Resource::Data, limit)
            .map_err(|error| format!("can't limit the memory to {memory} bytes: {error}"))?;
    }
    Ok(())
}

/// Sets the name of the process to that of the program. The default is `exe`, the name of the link by which it was
/// started.
fn set_process_name() {
    let path = std::env::args_os().next();
    if cfg!(target_os = "linux")
        && let Some(name) = path.as_ref().and_then(|path| Path::new(path).file_name())
    {
        // The kernel truncates the name. An error is ignored, because the name is only informative.
        let _ = std::fs::write("/proc/self/comm", name.as_encoded_bytes());
    }
}

fn registry(tasks: &Tasks) -> Result<TaskRegistry, String> {
    let mut registry = TaskRegistry::new();
    for task in tasks.registrations().flatten() {
        registry.register(task).map_err(|error| error.to_string())?;
    }
    Ok(registry)
}

/// Starts the job thread and returns the names of the registered tasks. The calling thread can't run jobs: it may be
/// inside a tokio runtime, where `block_on` of another runtime panics.
fn spawn_job_thread(
    dispatcher: &Arc<RunDispatcher>,
    registry: TaskRegistry,
) -> Result<Vec<TaskName>, String> {
    let tasks = registry.names().iter().cloned().collect();
    let dispatcher = Arc::clone(dispatcher);
    let builder = thread::Builder::new().name("punctual-jobs".into()).stack_size(JOB_STACK_SIZE);
    builder
        .spawn(move || {
            execute_runs(&dispatcher, &registry);
            process::exit(0);
        })
        .map_err(|error| format!("can't start the job thread: {error}"))?;
    Ok(tasks)
}

/// Handles messages until the socket is closed. This continues while a run is in progress, and after `Stop` until the
/// process exits.
fn read_loop(mut reader: MessageReader, dispatcher: &RunDispatcher) -> ! {
    while let Ok(Some(message)) = reader.read_message() {
        if dispatcher.handle_message(message).is_err() {
            break;
        }
    }
    kill_own_group()
}

struct MessageReader {
    socket: UnixStream,
    frames: FrameDecoder,
}

impl MessageReader {
    /// Reads the next message; returns `None` at end of file.
    fn read_message(&mut self) -> io::Result<Option<ToChild>> {
        loop {
            if let Some(message) = self.frames.next().map_err(io::Error::other)? {
                return Ok(Some(message));
            }
            match self.socket.read(self.frames.spare_mut()) {
                Ok(0) => return Ok(None),
                Ok(bytes) => self.frames.advance_written(bytes),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

fn execute_runs(dispatcher: &Arc<RunDispatcher>, registry: &TaskRegistry) {
    let runtime = OnceCell::new();
    while let Some((request, context)) = dispatcher.next() {
        // Panics of the task are reported by the run. This catches panics after that, such as in a destructor.
        let run = || run(dispatcher, registry, &runtime, request, context);
        drop(catch_unwind(AssertUnwindSafe(run)));
    }
    // Background tasks that async jobs have spawned are not awaited.
    if let Some(runtime) = runtime.into_inner() {
        runtime.shutdown_background();
    }
}

fn run(
    dispatcher: &Arc<RunDispatcher>,
    registry: &TaskRegistry,
    runtime: &OnceCell<Runtime>,
    request: RunRequest,
    context: JobContext,
) {
    let Some(task) = registry.get(&request.task) else {
        return dispatcher.report_result(request.run, RunResult::UnknownTask);
    };
    let body = Arc::clone(&task);
    let sink = Arc::new(PoolRunSink { dispatcher: Arc::clone(dispatcher), task });
    // No deadline is set, because the pool has checked it.
    let parts =
        RunParts::new(context, request.task, body, request.args, Arc::new(SystemClock), sink);
    let run = Run::new(parts);
    run.execute(|work| runtime.get_or_init(build_runtime).block_on(work));
}

/// Creates the runtime of async tasks. It has a worker thread, so that tasks spawned by jobs are polled between runs.
fn build_runtime() -> Runtime {
    let mut runtime = Builder::new_multi_thread();
    let runtime = runtime.worker_threads(1).thread_name("punctual-child-io").enable_all();
    // The run reports the panic as its outcome.
    runtime.build().expect("a runtime for async tasks")
}
