//! A command and all that it has started.

use nix::errno::Errno;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// The process group of a command. What is left of it when this is dropped is killed, so that a daemon that
/// stops in the middle leaves nothing behind.
#[derive(Debug)]
pub(super) struct ProcessGroup(Option<Pid>);

impl ProcessGroup {
    /// The group that this process leads.
    pub(super) fn led_by(process: Option<u32>) -> Self {
        let leader = process.and_then(|id| i32::try_from(id).ok());
        Self(leader.map(Pid::from_raw))
    }

    /// Asks all of them to end.
    pub(super) fn terminate(&self) {
        self.signal(Signal::SIGTERM);
    }

    /// Ends them.
    pub(super) fn kill(&self) {
        self.signal(Signal::SIGKILL);
    }

    /// Lets go of the group, once its leader has ended: who is left in it has been left there on purpose.
    pub(super) fn release(mut self) {
        self.0 = None;
    }

    fn signal(&self, signal: Signal) {
        let Some(group) = self.0 else { return };
        match killpg(group, signal) {
            // The last of them has just ended by itself.
            Ok(()) | Err(Errno::ESRCH) => {}
            Err(error) => tracing::warn!("{signal} can't be sent to the command: {error}"),
        }
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        self.kill();
    }
}
