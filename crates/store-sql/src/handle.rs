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
    state: Mutex<State<D>>,
    /// Lets one call at a time open anew what was replaced.
    reopening: tokio::sync::Mutex<()>,
}

struct State<D> {
    /// There while the store is started.
    database: Option<Database<D>>,
    /// The connections are not to what the options name: the next call closes them and opens that.
    is_replaced: bool,
    /// How often that was so.
    generation: u64,
}

impl<D: Dialect> Handle<D> {
    pub(crate) fn new(options: D::Options) -> Self {
        let state = State { database: None, is_replaced: false, generation: 0 };
        Self { options, state: Mutex::new(state), reopening: tokio::sync::Mutex::default() }
    }

    pub(crate) fn generation(&self) -> u64 {
        self.state.lock().generation
    }

    /// The connections as they are, perhaps to what was replaced.
    pub(crate) fn opened(&self) -> Result<Database<D>, StoreError> {
        self.state.lock().database.clone().ok_or_else(StoreError::not_started)
    }

    /// The connections for a call.
    ///
    /// When they turn out to be to what is not there any more, this call fails, and the next one opens what is
    /// there now.
    pub(crate) async fn database(&self) -> Result<Database<D>, StoreError> {
        let (database, generation) = {
            let state = self.state.lock();
            let database = state.database.clone().filter(|_| !state.is_replaced);
            (database, state.generation)
        };
        let Some(database) = database else {
            return self.reopen().await;
        };
        let checked = database.dialect.check();
        if checked.is_err() && database.dialect.can_reopen() {
            let mut state = self.state.lock();
            // Unless another call has found the same.
            if state.generation == generation {
                state.is_replaced = true;
                state.generation += 1;
            }
        }
        checked.map(|()| database)
    }

    /// Closes what was replaced, and opens what is there now.
    async fn reopen(&self) -> Result<Database<D>, StoreError> {
        let _one_at_a_time = self.reopening.lock().await;
        let replaced = {
            let state = self.state.lock();
            match &state.database {
                None => return Err(StoreError::not_started()),
                // Another call has done it.
                Some(database) if !state.is_replaced => return Ok(database.clone()),
                Some(database) => database.clone(),
            }
        };
        replaced.dialect.make_way().await?;
        replaced.dialect.close().await;
        let opened = Database::<D>::open(&self.options).await?;
        {
            let mut state = self.state.lock();
            if state.database.is_some() && state.is_replaced {
                state.is_replaced = false;
                state.database = Some(opened.clone());
                return Ok(opened);
            }
        }
        // It was shut down meanwhile.
        opened.dialect.close().await;
        Err(StoreError::not_started())
    }

    /// The database, and the connection on which the caller has begun a transaction in it.
    pub(crate) fn inside<'a>(
        &self,
        transaction: &'a mut CallerTransaction<'_>,
    ) -> Result<(Database<D>, &'a mut D::Connection), StoreError> {
        let kind = <D::Database as sqlx::Database>::NAME;
        let connection = transaction.connection(kind)?;
        // What the caller is connected to is the caller's business.
        Ok((self.opened()?, connection))
    }

    pub(crate) fn keeps_history(&self) -> bool {
        D::HISTORY.is_some()
    }

    pub(crate) async fn start(&self) -> Result<(), StoreError> {
        let is_started = {
            let state = self.state.lock();
            state.database.as_ref().map(|_| state.is_replaced)
        };
        match is_started {
            Some(false) => return Ok(()),
            Some(true) => return self.reopen().await.map(drop),
            None => {}
        }
        let opened = Database::<D>::open(&self.options).await?;
        let superfluous = {
            let mut state = self.state.lock();
            match &state.database {
                // Another call was quicker.
                Some(_) => Some(opened),
                None => state.database.replace(opened),
            }
        };
        if let Some(superfluous) = superfluous {
            superfluous.dialect.close().await;
        }
        Ok(())
    }

    pub(crate) async fn shutdown(&self) {
        let database = {
            let mut state = self.state.lock();
            state.is_replaced = false;
            state.database.take()
        };
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
