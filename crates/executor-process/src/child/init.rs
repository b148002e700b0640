//! The entry point of child processes.

use std::collections::HashSet;
use std::io::{Write, stdin};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process;
use std::sync::OnceLock;

use punctual_core::{TaskName, Tasks};
use rustix::fs::fstat;
use rustix::process::{Pid, getppid};

use super::serve::run_child;

/// Environment variable of each child: inode of the socket on its standard input, and process id of the parent (`INODE
/// PARENT`). A process that inherits the variable but not the socket, such as a program started by a job, is not
/// treated as a child.
pub(crate) const CHILD_ENV_VAR: &str = "PUNCTUAL_PROCESS";

/// The names of the tasks given to [`init`]; `None` in a child.
static REGISTERED_TASKS: OnceLock<Option<HashSet<TaskName>>> = OnceLock::new();

/// Turns this program into a child process if a pool has started it: call it **as the first line of `main`**, with the
/// tasks that children can run.
///
/// A [`ProcessPoolExecutor`](crate::ProcessPoolExecutor) starts the same program again for each child. In a child, this
/// function runs jobs until the pool stops the child, then exits the process; it does not return. In the parent it only
/// records the names of the tasks. Code before the call also runs in every child.
///
/// Tasks with invalid names are ignored; the scheduler's builder reports them.
///
/// ```no_run
/// # mod punctual { pub use punctual_core::*; pub mod process { pub use punctual_executor_process::init; } }
/// use punctual::Tasks;
///
/// fn main() {
///     let tasks = Tasks::new(); // .task(resize).task(checksum)
///     punctual::process::init(&tasks);
///     // The rest of the program: a scheduler with the same tasks and a `ProcessPoolExecutor`.
/// }
/// ```
pub fn init(tasks: &Tasks) {
    match detect_role() {
        ProcessRole::Program => {
            let names = tasks.registrations().flatten().map(|task| task.name().clone());
            REGISTERED_TASKS.get_or_init(|| Some(names.collect()));
        }
        ProcessRole::Child(socket, parent) => {
            REGISTERED_TASKS.get_or_init(|| None);
            run_child(socket, parent, tasks)
        }
        ProcessRole::Orphan(reason) => {
            // There is no other place to report an error of standard error.
            let _ = writeln!(
                std::io::stderr(),
                "punctual: the child process is not connected to a pool: {reason}"
            );
            process::exit(1);
        }
    }
}

/// The names of the tasks given to [`init`]; `None` before the call, and in a child.
pub(crate) fn registered_tasks() -> Option<&'static HashSet<TaskName>> {
    REGISTERED_TASKS.get().and_then(Option::as_ref)
}

/// Whether this is a child process.
pub(crate) fn is_child() -> bool {
    REGISTERED_TASKS.get().is_some_and(Option::is_none)
}

enum ProcessRole {
    Program,
    Child(UnixStream, Pid),
    Orphan(String),
}

fn detect_role() -> ProcessRole {
    let Some((inode, parent)) = std::env::var(CHILD_ENV_VAR).ok().as_deref().and_then(parse) else {
        return ProcessRole::Program;
    };
    let input = stdin();
    if !fstat(input.as_fd()).is_ok_and(|stat| stat.st_ino == inode) {
        return ProcessRole::Program;
    }
    match take_socket(input.as_fd()) {
        Ok(socket) if getppid() == Some(parent) => ProcessRole::Child(socket, parent),
        Ok(_) => ProcessRole::Orphan("the parent process has exited".into()),
        Err(error) => ProcessRole::Orphan(error.to_string()),
    }
}

fn parse(text: &str) -> Option<(u64, Pid)> {
    let (inode, parent) = text.split_once(' ')?;
    Some((inode.parse().ok()?, Pid::from_raw(parent.parse().ok()?)?))
}

/// Takes the socket from standard input and replaces it by `/dev/null`.
fn take_socket(input: impl AsFd) -> std::io::Result<UnixStream> {
    let socket: OwnedFd = input.as_fd().try_clone_to_owned()?;
    let null = std::fs::File::open("/dev/null")?;
    rustix::stdio::dup2_stdin(&null)?;
    Ok(socket.into())
}
