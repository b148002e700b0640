//! Termination of a child process that has lost its pool.

use std::process;

use rustix::process::{Signal, getpid};

/// Kills this process and its process group. Called when the connection to the pool is lost, so that no result can be
/// delivered.
pub(super) fn kill_own_group() -> ! {
    // Fails only if this process is not a group leader.
    let _ = rustix::process::kill_process_group(getpid(), Signal::KILL);
    process::abort()
}
