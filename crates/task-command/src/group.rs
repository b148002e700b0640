//! A command and all that it has started.

use std::sync::atomic::{AtomicI32, Ordering};

use rustix::io::{Errno, Result};
use rustix::process::{Pid, Signal, kill_process_group, test_kill_process_group};

use crate::guard;

/// The process group of a command. What is left of it when this is dropped is killed, so that whoever stops in the
/// middle leaves nothing behind; and if this process is killed, the guard sees to it.
#[derive(Debug)]
pub(crate) struct ProcessGroup(AtomicI32);

/// No group.
const NONE: i32 = 0;

impl ProcessGroup {
    /// The group that this process leads.
    pub(crate) fn led_by(process: Option<u32>) -> Self {
        let leader = process.and_then(|id| i32::try_from(id).ok()).unwrap_or(NONE);
        if leader != NONE {
            guard::watch(leader);
        }
        Self(AtomicI32::new(leader))
    }

    /// Asks all of them to end.
    pub(crate) fn terminate(&self) {
        // Those who can't be asked can't be killed either, which is told then.
        let _ = self.tell(|group| kill_process_group(group, Signal::TERM));
    }

    /// Ends them; an error if none of them may be signalled.
    pub(crate) fn kill(&self) -> Result<()> {
        self.tell(|group| kill_process_group(group, Signal::KILL))
    }

    /// To be called when the leader has ended and has been waited for: if nobody else is in the group, its number is
    /// free for others.
    pub(crate) fn leader_ended(&self) {
        let _ = self.tell(test_kill_process_group);
    }

    /// Lets go of the group: who is left in it has been left there on purpose.
    pub(crate) fn release(&self) {
        let group = self.0.swap(NONE, Ordering::Relaxed);
        if group != NONE {
            guard::forget(group);
        }
    }

    fn tell(&self, tell: impl FnOnce(Pid) -> Result<()>) -> Result<()> {
        let Some(group) = Pid::from_raw(self.0.load(Ordering::Relaxed)) else { return Ok(()) };
        match tell(group) {
            Err(Errno::SRCH) => {
                self.release();
                Ok(())
            }
            told => told,
        }
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        if let Err(error) = self.kill() {
            tracing::warn!(%error, group = self.0.get_mut(), "a command's processes can't be killed");
        }
        self.release();
    }
}
