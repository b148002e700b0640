//! The sudden end of a child process.

use std::process;

use rustix::process::{Signal, getpid};

/// Ends this process and all that jobs have started and that still are in its group, at once: whatever is
/// under way, nobody is left who waits for it.
pub(super) fn die() -> ! {
    // Fails only if there is no such group, where this process is.
    let _ = rustix::process::kill_process_group(getpid(), Signal::KILL);
    process::abort()
}
