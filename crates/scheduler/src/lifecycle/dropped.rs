//! Reports schedulers that are dropped while jobs wait in them.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use punctual_core::{TaskFilter, log_warning};

use super::Engine;
use crate::store::RegisteredStore;

impl Engine {
    /// Logs `text` if the scheduler is started and jobs that exist only in this process are waiting.
    pub(crate) fn warn_if_jobs_wait(&self, text: &'static str) {
        if self.shared.scheduler_state.is_started()
            && self.stores.all().iter().any(|store| has_waiting_jobs(store))
        {
            log_warning(&text);
        }
    }
}

/// Whether the store is in memory, and a job in it has a next run time.
fn has_waiting_jobs(store: &RegisteredStore) -> bool {
    if store.caps.persistent {
        return false;
    }
    // A store in memory responds immediately.
    let next = pin!(store.backend.next_wakeup(&TaskFilter::Any));
    matches!(next.poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(Ok(Some(_))))
}

impl Drop for Engine {
    fn drop(&mut self) {
        if self.driver.lock().take().is_some() {
            self.warn_if_jobs_wait(
                "a running scheduler was dropped with its tokio runtime; its waiting jobs never run: wait for \
                 `stopped`, or call `shutdown`",
            );
        }
    }
}
