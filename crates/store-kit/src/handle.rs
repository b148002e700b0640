//! A store that may be started, shut down and started again.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use parking_lot::Mutex;
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
    /// There while the store is started.
    open: Mutex<Option<B>>,
}

impl<B: Backend> Handle<B> {
    /// A store with these options, not started.
    pub fn new(options: B::Options) -> Self {
        Self(Arc::new(Shared { options, open: Mutex::new(None) }))
    }

    /// The options.
    #[must_use]
    pub fn options(&self) -> &B::Options {
        &self.0.options
    }

    /// The open backend.
    ///
    /// # Errors
    ///
    /// [`Unavailable`](StoreErrorKind::Unavailable) while the store is not started.
    pub fn backend(&self) -> Result<B, StoreError> {
        self.0.open.lock().clone().ok_or_else(StoreError::not_started)
    }

    /// Opens the backend, unless it is open.
    ///
    /// # Errors
    ///
    /// What the backend returns.
    pub async fn start(&self) -> Result<(), StoreError> {
        if self.backend().is_ok() {
            return Ok(());
        }
        let opened = B::open(self.options()).await?;
        let superfluous = {
            let mut open = self.0.open.lock();
            match &*open {
                // Another call was quicker.
                Some(_) => Some(opened),
                None => open.replace(opened),
            }
        };
        if let Some(superfluous) = superfluous {
            superfluous.close().await;
        }
        Ok(())
    }

    /// Closes the backend, if it is open.
    pub async fn shutdown(&self) {
        let open = self.0.open.lock().take();
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
        f.debug_struct("Handle").field("started", &self.backend().is_ok()).finish_non_exhaustive()
    }
}
