//! A store that may be started, shut down and started again.

use std::error::Error;
use std::future::Future;

use parking_lot::Mutex;
use punctual_core::{CallerTransaction, StoreError, StoreErrorKind};
use tokio::time::timeout;

use crate::database::Database;
use crate::dialect::Dialect;

/// How often something is done again after a collision with others.
const ATTEMPTS: u32 = 20;

/// What the clones of a store share.
pub(crate) struct Handle<D: Dialect> {
    pub(crate) options: D::Options,
    /// There while the store is started.
    database: Mutex<Option<Database<D>>>,
}

impl<D: Dialect> Handle<D> {
    pub(crate) fn new(options: D::Options) -> Self {
        Self { options, database: Mutex::new(None) }
    }

    pub(crate) fn database(&self) -> Result<Database<D>, StoreError> {
        self.database.lock().clone().ok_or_else(StoreError::not_started)
    }

    /// The database, and the connection on which the caller has begun a transaction in it.
    pub(crate) fn inside<'a>(
        &self,
        transaction: &'a mut CallerTransaction<'_>,
    ) -> Result<(Database<D>, &'a mut D::Connection), StoreError> {
        let kind = <D::Database as sqlx::Database>::NAME;
        let connection = transaction.connection(kind)?;
        Ok((self.database()?, connection))
    }

    pub(crate) fn keeps_history(&self) -> bool {
        D::HISTORY.is_some()
    }

    pub(crate) async fn start(&self) -> Result<(), StoreError> {
        if self.database().is_ok() {
            return Ok(());
        }
        let opened = Database::<D>::open(&self.options).await?;
        let superfluous = {
            let mut database = self.database.lock();
            match &*database {
                // Another call was quicker.
                Some(_) => Some(opened),
                None => database.replace(opened),
            }
        };
        if let Some(superfluous) = superfluous {
            superfluous.dialect.close().await;
        }
        Ok(())
    }

    pub(crate) async fn shutdown(&self) {
        let database = self.database.lock().take();
        if let Some(database) = database {
            database.dialect.close().await;
        }
    }

    /// What a call answers, or that it takes too long: a server that is gone without a word would be waited
    /// for until the network gives up.
    pub(crate) async fn within<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let Some(patience) = D::patience(&self.options) else {
            return call.await;
        };
        timeout(patience, call).await.unwrap_or_else(|_| {
            let message = format!("the database did not answer within {patience:?}");
            Err(StoreError::new(StoreErrorKind::Unavailable, message))
        })
    }

    /// Whether to do again what has failed for the `attempt`th time: each call is one transaction, and
    /// after a collision nothing of it was done.
    pub(crate) fn again(&self, error: &StoreError, attempt: u32) -> bool {
        let cause = error.source().and_then(|source| source.downcast_ref::<sqlx::Error>());
        attempt < ATTEMPTS && cause.is_some_and(D::is_collision)
    }
}
