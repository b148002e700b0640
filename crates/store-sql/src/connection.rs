//! Pooled connections for one call.

use std::ops::{Deref, DerefMut};

use sqlx::Database;
use sqlx::pool::PoolConnection;

/// A pooled connection that is closed unless the call completed. After a cancelled call a response may be outstanding,
/// and the pool would wait for it forever.
pub(crate) struct CancelSafeConnection<D: Database> {
    connection: PoolConnection<D>,
    closes: bool,
}

impl<D: Database> CancelSafeConnection<D> {
    #[cfg(any(feature = "mysql", feature = "postgres"))]
    pub(crate) fn remote(connection: PoolConnection<D>) -> Self {
        Self { connection, closes: true }
    }

    /// A connection to a file or to memory, which never blocks forever.
    #[cfg(feature = "sqlite")]
    pub(crate) fn local(connection: PoolConnection<D>) -> Self {
        Self { connection, closes: false }
    }

    /// Returns the connection to the pool.
    pub(crate) fn release(mut self) {
        self.closes = false;
    }
}

impl<D: Database> Deref for CancelSafeConnection<D> {
    type Target = D::Connection;

    fn deref(&self) -> &D::Connection {
        &self.connection
    }
}

impl<D: Database> DerefMut for CancelSafeConnection<D> {
    fn deref_mut(&mut self) -> &mut D::Connection {
        &mut self.connection
    }
}

impl<D: Database> Drop for CancelSafeConnection<D> {
    fn drop(&mut self) {
        if self.closes {
            self.connection.close_on_drop();
        }
    }
}
