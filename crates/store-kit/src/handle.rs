//! The owner of a backend, which can be started and shut down repeatedly.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use parking_lot::Mutex;
#[cfg(doc)]
use punctual_core::StoreCaps;
use punctual_core::{StoreError, StoreErrorKind};
use tokio::time::timeout;

use crate::Backend;

/// The maximum number of attempts of a call that fails because of write conflicts.
const MAX_CONFLICT_ATTEMPTS: u32 = 20;

/// A backend that is open between `start` and `shutdown`. Clones share it.
///
/// A store type has a field `handle` of this type; [`job_store!`](crate::job_store) implements `JobStore` for it.
pub struct BackendHandle<B: Backend>(Arc<Shared<B>>);

struct Shared<B: Backend> {
    options: B::Options,
    state: Mutex<State<B>>,
    /// Ensures that only one call at a time reopens the backend.
    reopening: tokio::sync::Mutex<()>,
}

struct State<B> {
    /// `Some` while the store is started.
    open: Option<B>,
    /// The open backend has been replaced; the next call closes it and reopens the current one.
    is_replaced: bool,
    /// The number of replacements that were detected.
    generation: u64,
}

impl<B: Backend> BackendHandle<B> {
    /// Creates a handle with these options. The backend is not opened.
    pub fn new(options: B::Options) -> Self {
        let state = Mutex::new(State { open: None, is_replaced: false, generation: 0 });
        Self(Arc::new(Shared { options, state, reopening: tokio::sync::Mutex::default() }))
    }

    /// The options.
    #[must_use]
    pub fn options(&self) -> &B::Options {
        &self.0.options
    }

    /// The number of times that the open backend was found to be replaced.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.0.state.lock().generation
    }

    /// The open backend, without a check whether it has been replaced.
    ///
    /// # Errors
    ///
    /// [`Unavailable`](StoreErrorKind::Unavailable) while the store is not started.
    pub fn current_backend(&self) -> Result<B, StoreError> {
        self.0.state.lock().open.clone().ok_or_else(StoreError::not_started)
    }

    /// The backend for a call in a transaction of the caller. It is not checked whether the backend has been replaced.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](StoreErrorKind::Unsupported) unless [`StoreCaps::transactions`] is set;
    /// [`Unavailable`](StoreErrorKind::Unavailable) while the store is not started.
    pub fn in_transaction(&self) -> Result<B, StoreError> {
        if B::caps(self.options()).transactions {
            return self.current_backend();
        }
        let message = "the job store doesn't support transactions of the caller";
        Err(StoreError::new(StoreErrorKind::Unsupported, message))
    }

    /// The backend for a call.
    ///
    /// If the backend has been replaced, this call fails; the next call reopens it.
    ///
    /// # Errors
    ///
    /// [`Unavailable`](StoreErrorKind::Unavailable) while the store is not started, and the errors of the backend.
    pub async fn backend(&self) -> Result<B, StoreError> {
        let (open, generation) = {
            let state = self.0.state.lock();
            (state.open.clone().filter(|_| !state.is_replaced), state.generation)
        };
        let Some(open) = open else {
            return self.reopen().await;
        };
        let checked = open.check();
        if checked.is_err() && open.can_reopen() {
            let mut state = self.0.state.lock();
            // Another call may have detected the same replacement.
            if state.generation == generation {
                state.is_replaced = true;
                state.generation += 1;
            }
        }
        checked.map(|()| open)
    }

    /// Closes the replaced backend and opens the current one.
    async fn reopen(&self) -> Result<B, StoreError> {
        let _one_at_a_time = self.0.reopening.lock().await;
        let replaced = {
            let state = self.0.state.lock();
            match &state.open {
                None => return Err(StoreError::not_started()),
                // Another call has reopened it.
                Some(open) if !state.is_replaced => return Ok(open.clone()),
                Some(open) => open.clone(),
            }
        };
        replaced.remove_stale_files().await?;
        self.close(replaced).await;
        let opened = B::open(self.options()).await?;
        {
            let mut state = self.0.state.lock();
            if state.open.is_some() && state.is_replaced {
                state.is_replaced = false;
                state.open = Some(opened.clone());
                return Ok(opened);
            }
        }
        // The store was shut down in the meantime.
        self.close(opened).await;
        Err(StoreError::not_started())
    }

    /// Opens the backend, unless it is open.
    ///
    /// # Errors
    ///
    /// The errors of the backend.
    pub async fn start(&self) -> Result<(), StoreError> {
        let is_started = {
            let state = self.0.state.lock();
            state.open.as_ref().map(|_| state.is_replaced)
        };
        match is_started {
            Some(false) => return Ok(()),
            Some(true) => return self.reopen().await.map(drop),
            None => {}
        }
        let opened = B::open(self.options()).await?;
        let superfluous = {
            let mut state = self.0.state.lock();
            match &state.open {
                // A concurrent call has opened it first.
                Some(_) => Some(opened),
                None => state.open.replace(opened),
            }
        };
        if let Some(superfluous) = superfluous {
            self.close(superfluous).await;
        }
        Ok(())
    }

    /// Closes the backend, if it is open.
    pub async fn shutdown(&self) {
        let open = {
            let mut state = self.0.state.lock();
            state.is_replaced = false;
            state.open.take()
        };
        if let Some(backend) = open {
            self.close(backend).await;
        }
    }

    /// Closes a backend within the call timeout: a pool waits for the connections that it is checking, and the response of
    /// a silently lost one never arrives.
    async fn close(&self, backend: B) {
        match B::call_timeout(self.options()) {
            Some(call_timeout) => drop(timeout(call_timeout, backend.close()).await),
            None => backend.close().await,
        }
    }

    /// Runs a call with the call timeout. Without it, a call to an unreachable server would block until the TCP
    /// connection times out.
    ///
    /// # Errors
    ///
    /// The errors of the call; [`Unavailable`](StoreErrorKind::Unavailable) if the backend's
    /// [timeout](Backend::call_timeout) has elapsed.
    pub async fn with_timeout<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let Some(call_timeout) = B::call_timeout(self.options()) else {
            return call.await;
        };
        timeout(call_timeout, call).await.unwrap_or_else(|_| {
            let message = format!("the job store did not respond within {call_timeout:?}");
            Err(StoreError::new(StoreErrorKind::Unavailable, message))
        })
    }

    /// Whether to retry a call that has failed for the `attempt`th time. Calls are retried after a
    /// [write conflict](Backend::is_write_conflict).
    #[must_use]
    pub fn should_retry(&self, error: &StoreError, attempt: u32) -> bool {
        attempt < MAX_CONFLICT_ATTEMPTS && B::is_write_conflict(error)
    }
}

impl<B: Backend> Clone for BackendHandle<B> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<B: Backend> fmt::Debug for BackendHandle<B> {
    /// Omits the options, which may contain a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BackendHandle")
            .field("started", &self.current_backend().is_ok())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
