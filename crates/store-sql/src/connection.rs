//! Pooled connections for one call.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use sqlx::Database;
use sqlx::pool::PoolConnection;

use crate::spare::Spare;

/// A pooled connection that is closed unless the call completed. After a cancelled call a response may be outstanding,
/// and the pool would wait for it forever.
pub(crate) struct CancelSafeConnection<D: Database> {
    /// `None` after its release.
    connection: Option<PoolConnection<D>>,
    closes: bool,
    /// Where the connection is kept for the next call.
    spare: Option<Arc<Spare<D>>>,
}

impl<D: Database> CancelSafeConnection<D> {
    /// A connection to a server, which is kept for the next call if `spare` is given.
    #[cfg(any(feature = "mysql", feature = "postgres"))]
    pub(crate) fn remote(connection: PoolConnection<D>, spare: Option<&Arc<Spare<D>>>) -> Self {
        Self { connection: Some(connection), closes: true, spare: spare.cloned() }
    }

    /// A connection to a file or to memory, which never blocks forever.
    #[cfg(feature = "sqlite")]
    pub(crate) fn local(connection: PoolConnection<D>) -> Self {
        Self { connection: Some(connection), closes: false, spare: None }
    }

    /// Keeps the connection for the next call, or returns it to the pool.
    pub(crate) fn release(mut self) {
        self.closes = false;
        if let Some(spare) = self.spare.take()
            && let Some(connection) = self.connection.take()
        {
            spare.keep(connection);
        }
    }
}

impl<D: Database> Deref for CancelSafeConnection<D> {
    type Target = D::Connection;

    fn deref(&self) -> &D::Connection {
        self.connection.as_ref().expect(UNRELEASED)
    }
}

impl<D: Database> DerefMut for CancelSafeConnection<D> {
    fn deref_mut(&mut self) -> &mut D::Connection {
        self.connection.as_mut().expect(UNRELEASED)
    }
}

/// `release` consumes the value.
const UNRELEASED: &str = "a connection that was not released";

impl<D: Database> Drop for CancelSafeConnection<D> {
    fn drop(&mut self) {
        if let Some(connection) = &mut self.connection
            && self.closes
        {
            connection.close_on_drop();
        }
    }
}
