//! The tasks of the children.

use std::fs::{read_dir, read_link};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio, abort, exit, id};
use std::thread::park;

use punctual_core::{Executor, ExecutorError, JobContext, TaskError, Tasks};
use punctual_executor_process::ProcessPoolExecutor;
use punctual_macros::task;
use rustix::process::{Signal, getpgid, getpid, getppid, kill_process, setpgid};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

pub(crate) fn all() -> Tasks {
    let tasks = Tasks::new()
        .task(pid)
        .task(exits)
        .task(aborts)
        .task(crashes)
        .task(allocates)
        .task(hangs)
        .task(holds)
        .task(listens)
        .task(ignores)
        .task(prints)
        .task(prints_bytes)
        .task(prints_much)
        .task(prints_a_line_of)
        .task(returns)
        .task(returns_nested)
        .task(fails_with)
        .task(fails_deeply)
        .task(fails_at_length)
        .task(panics_at_length)
        .task(starts_a_pool)
        .task(fails_oddly)
        .task(forks)
        .task(leaves_a_thread)
        .task(leaves_its_group)
        .task(starts_the_program)
        .task(reads)
        .task(variable)
        .task(place)
        .task(niceness)
        .task(keeps)
        .task(files);
    #[cfg(target_os = "linux")]
    let tasks = tasks.task(exits_but_for_its_socket);
    tasks
}

#[task(crate = "punctual_core")]
pub(crate) fn pid() -> u32 {
    id()
}

#[task(crate = "punctual_core")]
pub(crate) fn exits(status: i32) {
    exit(status)
}

#[task(crate = "punctual_core")]
pub(crate) fn aborts() {
    abort()
}

/// Sends SIGSEGV until it is fatal: Rust's handler handles the first one.
#[task(crate = "punctual_core")]
pub(crate) fn crashes() -> Result<(), TaskError> {
    loop {
        kill_process(getpid(), Signal::SEGV)?;
    }
}

#[task(crate = "punctual_core")]
pub(crate) fn allocates() -> u64 {
    let mut all = Vec::new();
    loop {
        all.push(vec![1_u8; 1 << 20]);
    }
}

#[task(crate = "punctual_core")]
pub(crate) fn hangs() {
    loop {
        park();
    }
}

/// Returns when the test closes the connection.
#[task(crate = "punctual_core")]
pub(crate) fn holds(port: u16) -> std::io::Result<usize> {
    TcpStream::connect(("127.0.0.1", port))?.read_to_end(&mut Vec::new())
}

/// Returns when it is cancelled.
#[task(crate = "punctual_core")]
pub(crate) async fn listens(context: JobContext) -> &'static str {
    println!("listening");
    context.cancelled().await;
    "cancelled"
}

/// Never returns.
#[task(crate = "punctual_core")]
pub(crate) fn ignores() {
    println!("ignoring");
    loop {
        park();
    }
}

#[task(crate = "punctual_core")]
pub(crate) fn prints(lines: Vec<String>) {
    for line in lines {
        println!("{line}");
        eprintln!("wrong: {line}");
    }
    print!("no end");
}

#[task(crate = "punctual_core")]
pub(crate) fn prints_bytes(bytes: Vec<u8>) -> std::io::Result<usize> {
    std::io::stdout().write_all(&bytes)?;
    std::io::stderr().write_all(&bytes)?;
    Ok(bytes.len())
}

#[task(crate = "punctual_core")]
pub(crate) fn prints_much(bytes: usize) {
    let line = "x".repeat(1023);
    for _ in 0..bytes / 1024 {
        println!("{line}");
    }
}

#[task(crate = "punctual_core")]
pub(crate) fn prints_a_line_of(bytes: usize) {
    println!("{}", "y".repeat(bytes));
}

#[task(crate = "punctual_core")]
pub(crate) fn returns(bytes: usize) -> String {
    "z".repeat(bytes)
}

#[task(crate = "punctual_core")]
pub(crate) fn returns_nested(depth: usize) -> Value {
    (0..depth).fold(Value::Null, |value, _| Value::Array(vec![value]))
}

#[task(crate = "punctual_core")]
pub(crate) fn fails_with(bytes: usize) -> Result<(), String> {
    Err("e".repeat(bytes))
}

#[task(crate = "punctual_core")]
pub(crate) fn fails_deeply() -> Result<(), std::io::Error> {
    Err(std::io::Error::other(std::fmt::Error))
}

/// An error that can be decoded in another process.
#[derive(Debug, Serialize, Deserialize, thiserror::Error)]
#[error("it is long")]
pub(crate) struct Long(pub(crate) String);

#[task(crate = "punctual_core")]
pub(crate) fn fails_at_length(bytes: usize) -> Result<(), Long> {
    Err(Long("l".repeat(bytes)))
}

#[task(crate = "punctual_core")]
pub(crate) fn panics_at_length(bytes: usize) {
    panic!("{}", "p".repeat(bytes));
}

#[task(crate = "punctual_core")]
pub(crate) fn starts_a_pool() -> Result<(), ExecutorError> {
    ProcessPoolExecutor::new(1).start()
}

/// An error that panics when it is encoded, or decoded.
#[derive(Debug, thiserror::Error)]
#[error("it is odd")]
pub(crate) struct Odd {
    when_written: bool,
}

impl Serialize for Odd {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        assert!(!self.when_written, "written");
        serializer.serialize_unit()
    }
}

impl<'de> Deserialize<'de> for Odd {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        panic!("read")
    }
}

#[task(crate = "punctual_core")]
pub(crate) fn fails_oddly(when_written: bool) -> Result<(), Odd> {
    Err(Odd { when_written })
}

/// Starts a program that runs for hours.
#[task(crate = "punctual_core")]
pub(crate) fn forks() -> std::io::Result<u32> {
    let started = Command::new("sleep").arg("10000").stdin(Stdio::null()).spawn()?;
    Ok(started.id())
}

/// Spawns a background task that blocks a thread of the runtime forever.
#[task(crate = "punctual_core")]
pub(crate) async fn leaves_a_thread() {
    drop(tokio::task::spawn_blocking(|| {
        loop {
            park();
        }
    }));
}

/// Exits after starting a program that inherits the pool's socket, like a process forked by a job.
#[cfg(target_os = "linux")]
#[task(crate = "punctual_core")]
pub(crate) fn exits_but_for_its_socket(status: i32) -> Result<(), TaskError> {
    use rustix::process::{PidfdFlags, PidfdGetfdFlags, pidfd_getfd, pidfd_open};
    let this = pidfd_open(getpid(), PidfdFlags::empty())?;
    for entry in read_dir("/proc/self/fd")? {
        let entry = entry?;
        if read_link(entry.path()).is_ok_and(|link| link.to_string_lossy().starts_with("socket:")) {
            let number = entry.file_name().to_string_lossy().parse()?;
            let socket = pidfd_getfd(&this, number, PidfdGetfdFlags::empty())?;
            Command::new("sleep").arg("10000").stdin(socket).spawn()?;
        }
    }
    exit(status)
}

/// Never returns, and moves the child to another process group.
#[task(crate = "punctual_core")]
pub(crate) fn leaves_its_group() -> Result<(), TaskError> {
    setpgid(None, Some(getpgid(getppid())?))?;
    loop {
        park();
    }
}

/// Starts this program normally, up to its `init`.
#[task(crate = "punctual_core")]
pub(crate) fn starts_the_program() -> std::io::Result<bool> {
    let mut again = Command::new(std::env::current_exe()?);
    Ok(again.args(["child", "--exact"]).stdout(Stdio::null()).status()?.success())
}

#[task(crate = "punctual_core")]
pub(crate) fn reads() -> std::io::Result<usize> {
    std::io::stdin().read_to_end(&mut Vec::new())
}

#[task(crate = "punctual_core")]
pub(crate) fn variable(name: String) -> Option<String> {
    std::env::var(name).ok()
}

#[task(crate = "punctual_core")]
pub(crate) fn place() -> std::io::Result<String> {
    Ok(std::env::current_dir()?.to_string_lossy().into_owned())
}

#[task(crate = "punctual_core")]
pub(crate) fn niceness() -> Result<i32, rustix::io::Errno> {
    rustix::process::getpriority_process(None)
}

/// Leaks `bytes` bytes of memory after writing to them.
#[task(crate = "punctual_core")]
pub(crate) fn keeps(bytes: usize) -> u32 {
    std::mem::forget(vec![1_u8; bytes]);
    id()
}

/// The open files of this process.
#[task(crate = "punctual_core")]
pub(crate) fn files() -> std::io::Result<Vec<String>> {
    let entries = read_dir("/proc/self/fd")?;
    let mut files = Vec::new();
    for entry in entries {
        // The directory itself is among them, but closed by now.
        if let Ok(file) = read_link(entry?.path()) {
            files.push(file.to_string_lossy().into_owned());
        }
    }
    Ok(files)
}
