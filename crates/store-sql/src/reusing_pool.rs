//! A pool whose last connection is kept for the next call.
//!
//! sqlx pings a connection when it is returned to its pool, and this crate pings it before, with a timeout (see
//! `server.rs`): two round trips after a call that often takes one.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sqlx::{Connection, Database, Pool, Transaction};

use crate::connection::CancelSafeConnection;
use crate::ping::is_usable;
use crate::spare::Spare;

/// The connections of a store to its server. Clones share them.
pub(crate) struct ReusingPool<D: Database> {
    pool: Pool<D>,
    /// `None` for a pool of the user, who may be waiting for its connections.
    spare: Option<Arc<Spare<D>>>,
}

impl<D: Database> ReusingPool<D> {
    /// Creates the connections of a store that owns its pool. Connections are closed after they have been idle for
    /// `max_idle`.
    pub(crate) fn owned(pool: Pool<D>, max_idle: Duration) -> Self {
        Self { pool, spare: Some(Arc::new(Spare::new(max_idle))) }
    }

    /// Uses a pool of the user, which stays open.
    pub(crate) fn of_user(pool: Pool<D>) -> Self {
        Self { pool, spare: None }
    }

    /// Returns a connection for one call.
    pub(crate) async fn acquire(&self) -> Result<CancelSafeConnection<D>, sqlx::Error> {
        let Some(spare) = &self.spare else {
            let connection = self.pool.acquire().await?;
            return Ok(CancelSafeConnection::remote(connection, None));
        };
        let _waiting = loop {
            match spare.take_or_wait() {
                Ok((connection, since)) => {
                    let mut connection = CancelSafeConnection::remote(connection, Some(spare));
                    let is_usable =
                        is_usable(&mut *connection, since.elapsed(), spare.max_idle()).await;
                    // Otherwise it is closed.
                    if matches!(is_usable, Ok(true)) {
                        return Ok(connection);
                    }
                }
                Err(waiting) => break waiting,
            }
        };
        let connection = self.pool.acquire().await?;
        Ok(CancelSafeConnection::remote(connection, Some(spare)))
    }

    /// Begins a transaction with this statement.
    pub(crate) async fn begin(
        &self,
        statement: &'static str,
    ) -> Result<Transaction<'static, D>, sqlx::Error> {
        // A transaction of sqlx takes its connection from the pool.
        let _waiting = self.spare.as_ref().map(Spare::return_and_wait);
        self.pool.begin_with(statement).await
    }

    /// Closes the connections, except those of the user.
    pub(crate) async fn close(&self) {
        if let Some(spare) = &self.spare {
            spare.close();
            self.pool.close().await;
        }
    }

    /// Returns the options of the connections.
    pub(crate) fn options(&self) -> <D::Connection as Connection>::Options {
        (*self.pool.connect_options()).clone()
    }
}

impl<D: Database> Clone for ReusingPool<D> {
    fn clone(&self) -> Self {
        Self { pool: self.pool.clone(), spare: self.spare.clone() }
    }
}

impl<D: Database> fmt::Debug for ReusingPool<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ReusingPool").field(&self.pool).finish()
    }
}
