//! Waiting for commands to end.

use tokio::sync::watch;

/// Counts the commands that are running, so that a shutdown can wait for those that it has asked to end.
#[derive(Clone, Debug, Default)]
pub struct RunningCommands(watch::Sender<usize>);

impl RunningCommands {
    /// Counts one more until the answer is dropped.
    pub(super) fn count(&self) -> impl Drop + Send + use<> {
        self.0.send_modify(|count| *count += 1);
        Counted(self.0.clone())
    }

    /// Waits until none is running.
    pub async fn none_left(&self) {
        let mut count = self.0.subscribe();
        // The sender is here, so waiting can't fail.
        let _ = count.wait_for(|&count| count == 0).await;
    }
}

struct Counted(watch::Sender<usize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}
