//! A command and all that it has started.

use std::sync::atomic::{AtomicI32, Ordering};

use nix::errno::Errno;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// The process group of a command. What is left of it when this is dropped is killed, so that whoever stops in the
/// middle leaves nothing behind.
#[derive(Debug)]
pub(crate) struct ProcessGroup(AtomicI32);

/// The number of no group.
const NONE: i32 = 0;

impl ProcessGroup {
    /// The group that this process leads.
    pub(crate) fn led_by(process: Option<u32>) -> Self {
        let leader = process.and_then(|id| i32::try_from(id).ok());
        Self(AtomicI32::new(leader.unwrap_or(NONE)))
    }

    /// Asks all of them to end.
    pub(crate) fn terminate(&self) {
        self.signal(Signal::SIGTERM);
    }

    /// Ends them.
    pub(crate) fn kill(&self) {
        self.signal(Signal::SIGKILL);
    }

    /// To be called when the leader has ended and has been waited for: if nobody else is in the group, its number is
    /// free for others.
    pub(crate) fn leader_ended(&self) {
        self.signal(None);
    }

    /// Lets go of the group: who is left in it has been left there on purpose.
    pub(crate) fn release(&self) {
        self.0.store(NONE, Ordering::Relaxed);
    }

    fn signal(&self, signal: impl Into<Option<Signal>>) {
        let group = self.0.load(Ordering::Relaxed);
        if group == NONE {
            return;
        }
        match killpg(Pid::from_raw(group), signal) {
            Ok(()) => {}
            Err(Errno::ESRCH) => self.release(),
            Err(error) => tracing::warn!(%error, group, "a command's processes can't be signalled"),
        }
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        self.kill();
    }
}
