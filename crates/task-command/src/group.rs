//! The process group of a command.

use std::sync::atomic::{AtomicI32, Ordering};

use rustix::io::{Errno, Result};
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

use crate::watchdog;

/// The process group of a command. Dropping it kills the remaining processes of the group. If this process itself is
/// killed, the watchdog process does that.
#[derive(Debug)]
pub(crate) struct ProcessGroup(AtomicI32);

/// The value for no group.
const NONE: i32 = 0;

impl ProcessGroup {
    /// Creates the group whose leader is this process.
    pub(crate) fn new(leader_pid: Option<u32>) -> Self {
        let leader = leader_pid.and_then(|id| i32::try_from(id).ok()).unwrap_or(NONE);
        if leader != NONE {
            watchdog::register(leader);
        }
        Self(AtomicI32::new(leader))
    }

    /// Sends SIGTERM to the group.
    pub(crate) fn terminate(&self) {
        // A process that can't be signalled can't be killed either; the kill reports the error.
        let _ = self.signal(|group| kill_process_group(group, Signal::TERM));
    }

    /// Sends SIGKILL to the group. Returns an error if no process of the group may be signalled.
    pub(crate) fn kill(&self) -> Result<()> {
        self.signal(|group| kill_process_group(group, Signal::KILL))
    }

    /// Must be called when the leader has been reaped: if the group has no other processes, its id can be reused.
    pub(crate) fn on_leader_exit(&self) {
        let _ = self.signal(test_kill_process_group);
    }

    /// Stops managing the group: its remaining processes are not killed.
    pub(crate) fn disarm(&self) {
        let group = self.0.swap(NONE, Ordering::Relaxed);
        if group != NONE {
            watchdog::unregister(group);
        }
    }

    fn signal(&self, signal: impl FnOnce(Pid) -> Result<()>) -> Result<()> {
        let Some(group) = Pid::from_raw(self.0.load(Ordering::Relaxed)) else { return Ok(()) };
        match signal(group) {
            Err(Errno::SRCH) => {
                self.disarm();
                Ok(())
            }
            result => result,
        }
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        if let Err(error) = self.kill() {
            tracing::warn!(%error, group = self.0.get_mut(), "failed to kill the processes of a command");
        }
        self.disarm();
    }
}
