//! A store that may be started, shut down and started again.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use parking_lot::Mutex;
#[cfg(doc)]
use punctual_core::StoreCaps;
use punctual_core::{StoreError, StoreErrorKind};
use tokio::time::timeout;

use crate::Backend;

/// How often something is done again after a collision with others.
const ATTEMPTS: u32 = 20;

/// A backend that is open between a start and a shutdown; clones share it.
///
/// A store has one as its field `handle`, and [`job_store!`](crate::job_store) does the rest.
pub struct Handle<B: Backend>(Arc<Shared<B>>);

struct Shared<B: Backend> {
    options: B::Options,
    state: Mutex<State<B>>,
    /// Lets one call at a time open anew what was replaced.
    reopening: tokio::sync::Mutex<()>,
}

struct State<B> {
    /// There while the store is started.
    open: Option<B>,
    /// It is not what the options name: the next call closes it and opens that.
    is_replaced: bool,
    /// How often that was so.
    generation: u64,
}

impl<B: Backend> Handle<B> {
    /// A store with these options, not started.
    pub fn new(options: B::Options) -> Self {
        let state = Mutex::new(State { open: None, is_replaced: false, generation: 0 });
        Self(Arc::new(Shared { options, state, reopening: tokio::sync::Mutex::default() }))
    }

    /// The options.
    #[must_use]
    pub fn options(&self) -> &B::Options {
        &self.0.options
    }

    /// How often what was open was found to be replaced.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.0.state.lock().generation
    }

    /// The backend as it was opened, perhaps to what was replaced since.
    ///
    /// # Errors
    ///
    /// [`Unavailable`](StoreErrorKind::Unavailable) while the store is not started.
    pub fn opened(&self) -> Result<B, StoreError> {
        self.0.state.lock().open.clone().ok_or_else(StoreError::not_started)
    }

    /// The backend for a call in a transaction of the caller's. What that is connected to is the caller's business.
    ///
    /// # Errors
    ///
    /// [`Unsupported`](StoreErrorKind::Unsupported) unless [`StoreCaps::transactions`] says that there are such;
    /// [`Unavailable`](StoreErrorKind::Unavailable) while the store is not started.
    pub fn in_transaction(&self) -> Result<B, StoreError> {
        if B::caps(self.options()).transactions {
            return self.opened();
        }
        let message = "this job store has no transactions of the caller's";
        Err(StoreError::new(StoreErrorKind::Unsupported, message))
    }

    /// The backend for a call.
    ///
    /// When it turns out to be open to what is not there any more, this call fails, and the next one opens what is
    /// there now.
    ///
    /// # Errors
    ///
    /// [`Unavailable`](StoreErrorKind::Unavailable) while the store is not started, and what the backend returns.
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
            // Unless another call has found the same.
            if state.generation == generation {
                state.is_replaced = true;
                state.generation += 1;
            }
        }
        checked.map(|()| open)
    }

    /// Closes what was replaced, and opens what is there now.
    async fn reopen(&self) -> Result<B, StoreError> {
        let _one_at_a_time = self.0.reopening.lock().await;
        let replaced = {
            let state = self.0.state.lock();
            match &state.open {
                None => return Err(StoreError::not_started()),
                // Another call has done it.
                Some(open) if !state.is_replaced => return Ok(open.clone()),
                Some(open) => open.clone(),
            }
        };
        replaced.make_way().await?;
        replaced.close().await;
        let opened = B::open(self.options()).await?;
        {
            let mut state = self.0.state.lock();
            if state.open.is_some() && state.is_replaced {
                state.is_replaced = false;
                state.open = Some(opened.clone());
                return Ok(opened);
            }
        }
        // It was shut down meanwhile.
        opened.close().await;
        Err(StoreError::not_started())
    }

    /// Opens the backend, unless it is open.
    ///
    /// # Errors
    ///
    /// What the backend returns.
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
                // Another call was quicker.
                Some(_) => Some(opened),
                None => state.open.replace(opened),
            }
        };
        if let Some(superfluous) = superfluous {
            superfluous.close().await;
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
            backend.close().await;
        }
    }

    /// What a call returns, or that it takes too long: a server that is gone without a word would be waited for
    /// until the network gives up.
    ///
    /// # Errors
    ///
    /// Those of the call; [`Unavailable`](StoreErrorKind::Unavailable) when the backend's
    /// [patience](Backend::patience) is over.
    pub async fn within<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let Some(patience) = B::patience(self.options()) else {
            return call.await;
        };
        timeout(patience, call).await.unwrap_or_else(|_| {
            let message = format!("the job store did not answer within {patience:?}");
            Err(StoreError::new(StoreErrorKind::Unavailable, message))
        })
    }

    /// Whether to make a call again that has failed for the `attempt`th time: after a
    /// [collision](Backend::is_collision).
    #[must_use]
    pub fn again(&self, error: &StoreError, attempt: u32) -> bool {
        attempt < ATTEMPTS && B::is_collision(error)
    }
}

impl<B: Backend> Clone for Handle<B> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<B: Backend> fmt::Debug for Handle<B> {
    /// Without the options, which may have a password in them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("started", &self.opened().is_ok()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
