//! A counter of running commands.

use tokio::sync::watch;

/// Counts the running commands, so that a shutdown can wait for the commands that it has cancelled.
#[derive(Clone, Debug, Default)]
pub struct RunningCommands(watch::Sender<usize>);

impl RunningCommands {
    /// Counts a command as running until the returned value is dropped.
    pub(super) fn register(&self) -> impl Drop + Send + use<> {
        self.0.send_modify(|count| *count += 1);
        RunningGuard(self.0.clone())
    }

    /// Waits until no command is running.
    pub async fn wait_idle(&self) {
        let mut count = self.0.subscribe();
        // Can't fail, because this value holds the sender.
        let _ = count.wait_for(|&count| count == 0).await;
    }
}

struct RunningGuard(watch::Sender<usize>);

impl Drop for RunningGuard {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}
