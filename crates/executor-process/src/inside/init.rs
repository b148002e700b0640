//! The first line of `main`.

use std::collections::HashSet;
use std::io::{Write, stdin};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process;
use std::sync::OnceLock;

use punctual_core::{TaskName, Tasks};
use rustix::fs::fstat;
use rustix::process::{Pid, getppid};

use super::serve::serve;

/// Tells a child which socket it is to be found on, and whose child it is: `INODE PARENT`. Whoever inherits
/// the variable without that socket, such as a program that a job starts, is nobody's child.
pub(crate) const VARIABLE: &str = "PUNCTUAL_PROCESS";

/// The names of the tasks given to [`init`]; none in a child.
static KNOWN: OnceLock<Option<HashSet<TaskName>>> = OnceLock::new();

/// Makes child processes out of the program: call it **as the first line of `main`**, with the tasks that
/// they can run.
///
/// A [`ProcessPoolExecutor`](crate::ProcessPoolExecutor) starts this very program again. In such a child
/// this function runs jobs until the pool is done with it, and then ends the process: it never comes back.
/// In the program itself it does nothing but remember the tasks' names. What stands before it in `main`
/// happens in every child too.
///
/// Tasks whose names are not valid are left out; the scheduler's builder says what is wrong with them.
///
/// ```no_run
/// # mod punctual { pub use punctual_core::*; pub mod process { pub use punctual_executor_process::init; } }
/// use punctual::Tasks;
///
/// fn main() {
///     let tasks = Tasks::new(); // .task(resize).task(checksum)
///     punctual::process::init(&tasks);
///     // The program: a scheduler with the same tasks and a `ProcessPoolExecutor`.
/// }
/// ```
pub fn init(tasks: &Tasks) {
    match place() {
        Place::Program => {
            let names = tasks.registrations().flatten().map(|task| task.name().clone());
            KNOWN.get_or_init(|| Some(names.collect()));
        }
        Place::Child(socket, parent) => {
            KNOWN.get_or_init(|| None);
            serve(socket, parent, tasks)
        }
        Place::Orphan(why) => {
            // Nobody is left who could be told otherwise.
            let _ =
                writeln!(std::io::stderr(), "punctual: a child process without its pool: {why}");
            process::exit(1);
        }
    }
}

/// The names of the tasks that child processes can run; none before [`init`], and in a child.
pub(crate) fn known() -> Option<&'static HashSet<TaskName>> {
    KNOWN.get().and_then(Option::as_ref)
}

/// Whether this is a child process.
pub(crate) fn is_child() -> bool {
    KNOWN.get().is_some_and(Option::is_none)
}

enum Place {
    Program,
    Child(UnixStream, Pid),
    Orphan(String),
}

fn place() -> Place {
    let Some((inode, parent)) = std::env::var(VARIABLE).ok().as_deref().and_then(parse) else {
        return Place::Program;
    };
    let input = stdin();
    if !fstat(input.as_fd()).is_ok_and(|stat| stat.st_ino == inode) {
        return Place::Program;
    }
    match take(input.as_fd()) {
        Ok(socket) if getppid() == Some(parent) => Place::Child(socket, parent),
        Ok(_) => Place::Orphan("its parent is gone".into()),
        Err(error) => Place::Orphan(error.to_string()),
    }
}

fn parse(text: &str) -> Option<(u64, Pid)> {
    let (inode, parent) = text.split_once(' ')?;
    Some((inode.parse().ok()?, Pid::from_raw(parent.parse().ok()?)?))
}

/// Takes the socket off standard input, where jobs find nothing instead.
fn take(input: impl AsFd) -> std::io::Result<UnixStream> {
    let socket: OwnedFd = input.as_fd().try_clone_to_owned()?;
    let nothing = std::fs::File::open("/dev/null")?;
    rustix::stdio::dup2_stdin(&nothing)?;
    Ok(socket.into())
}
