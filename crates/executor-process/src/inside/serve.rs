//! The life of a child process.

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

use super::desk::{Desk, Reporter};
use super::die::die;
use crate::wire::{Ending, Frames, FromChild, Order, ToChild, VERSION, Welcome};

/// The longest first message.
const WELCOME: usize = 1 << 16;

/// How large a stack jobs have: as large as that of a main thread usually is.
const STACK: usize = 8 << 20;

/// Runs jobs until the pool is done with this process.
pub(super) fn serve(socket: UnixStream, parent: Pid, tasks: &Tasks) -> ! {
    let mut ear = Ear { socket, frames: Frames::new(WELCOME) };
    let Ok(Some(ToChild::Welcome(welcome))) = ear.listen() else { die() };
    let Ok(mouth) = ear.socket.try_clone() else { die() };
    let desk = Arc::new(Desk::new(mouth, welcome.limit));
    let ready = settle_in(&welcome, parent).and_then(|()| go_to_work(&desk, registry(tasks)?));
    let said = desk.say(&match &ready {
        Ok(tasks) => FromChild::Ready { version: VERSION.into(), tasks: tasks.clone() },
        Err(reason) => FromChild::Unable(reason.clone()),
    });
    let (Ok(_), Ok(())) = (ready, said) else { process::exit(1) };
    ear.frames.allow(welcome.limit);
    listen(ear, &desk)
}

/// Makes this process what it was told to be, before it has further threads.
fn settle_in(welcome: &Welcome, parent: Pid) -> Result<(), String> {
    call_it_by_its_name();
    if welcome.version != VERSION {
        return Err(format!("it is {VERSION:?} and its parent {:?}", welcome.version));
    }
    // The end of the pool is noticed by the thread that listens, which takes everybody along whom jobs
    // have started. It can't while this process is stopped; so let it go on then.
    #[cfg(target_os = "linux")]
    let asked = rustix::process::set_parent_process_death_signal(Some(Signal::CONT));
    #[cfg(not(target_os = "linux"))]
    let asked: rustix::io::Result<()> = Ok(());
    asked.map_err(|error| format!("can't watch its parent: {error}"))?;
    if getppid() != Some(parent) {
        return Err("its parent is gone".into());
    }
    if welcome.nice != 0 {
        rustix::process::nice(welcome.nice).map_err(|error| format!("can't be nice: {error}"))?;
    }
    if let Some(memory) = welcome.memory {
        let maximum = getrlimit(Resource::Data).maximum;
        let limit = Rlimit { current: Some(memory), maximum };
        rustix::process::setrlimit(Resource::Data, limit)
            .map_err(|error| format!("can't limit its memory to {memory} bytes: {error}"))?;
    }
    Ok(())
}

/// To the system it is called `exe`, after the link by which it was started; people look for the program.
fn call_it_by_its_name() {
    let path = std::env::args_os().next();
    if cfg!(target_os = "linux")
        && let Some(name) = path.as_ref().and_then(|path| Path::new(path).file_name())
    {
        // The system cuts it. It is only for people.
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

/// Starts the thread that the jobs run on, and answers which tasks it knows. It is not this one, which may be inside
/// of the program's runtime, where no other can be used.
fn go_to_work(desk: &Arc<Desk>, registry: TaskRegistry) -> Result<Vec<TaskName>, String> {
    let tasks = registry.names().iter().cloned().collect();
    let desk = Arc::clone(desk);
    let working = thread::Builder::new().name("punctual-jobs".into()).stack_size(STACK);
    working
        .spawn(move || {
            work(&desk, &registry);
            process::exit(0);
        })
        .map_err(|error| format!("can't start the thread for its jobs: {error}"))?;
    Ok(tasks)
}

/// Hears what the pool says, also while a run is under way, or something that jobs have left behind when it
/// was told to stop.
fn listen(mut ear: Ear, desk: &Desk) -> ! {
    while let Ok(Some(message)) = ear.listen() {
        if desk.hear(message).is_err() {
            break;
        }
    }
    die()
}

struct Ear {
    socket: UnixStream,
    frames: Frames,
}

impl Ear {
    /// The next message; none at the end.
    fn listen(&mut self) -> io::Result<Option<ToChild>> {
        loop {
            if let Some(message) = self.frames.next().map_err(io::Error::other)? {
                return Ok(Some(message));
            }
            match self.socket.read(self.frames.space()) {
                Ok(0) => return Ok(None),
                Ok(bytes) => self.frames.filled(bytes),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

fn work(desk: &Arc<Desk>, registry: &TaskRegistry) {
    let runtime = OnceCell::new();
    while let Some((order, context)) = desk.next() {
        // The task's panics are reported by the run; this is for what may panic after them.
        let run = || run(desk, registry, &runtime, order, context);
        drop(catch_unwind(AssertUnwindSafe(run)));
    }
    // What async tasks have left behind is not waited for.
    if let Some(runtime) = runtime.into_inner() {
        runtime.shutdown_background();
    }
}

fn run(
    desk: &Arc<Desk>,
    registry: &TaskRegistry,
    runtime: &OnceCell<Runtime>,
    order: Order,
    context: JobContext,
) {
    let Some(task) = registry.get(&order.task) else {
        return desk.end(order.run, Ending::Unknown);
    };
    let body = Arc::clone(&task);
    let sink = Arc::new(Reporter { desk: Arc::clone(desk), task });
    // Without a deadline: the pool has looked at it.
    let parts = RunParts::new(context, order.task, body, order.args, Arc::new(SystemClock), sink);
    let run = Run::new(parts);
    run.execute(|work| runtime.get_or_init(build).block_on(work));
}

/// For async tasks, and for what they leave behind: it has a thread of its own.
fn build() -> Runtime {
    let mut runtime = Builder::new_multi_thread();
    let runtime = runtime.worker_threads(1).thread_name("punctual-child-io").enable_all();
    // A panic, and so the run's outcome.
    runtime.build().expect("a runtime for async tasks")
}
