//! A connection of the pool for one call.

use std::ops::{Deref, DerefMut};

use sqlx::Database;
use sqlx::pool::PoolConnection;

/// A connection that is closed unless the call on it came to its end: an answer that nobody waits for any more
/// may never come, and the pool, to which it would go back, waits for it without end.
pub(crate) struct Lent<D: Database> {
    connection: PoolConnection<D>,
    closes: bool,
}

impl<D: Database> Lent<D> {
    #[cfg(any(feature = "mysql", feature = "postgres"))]
    pub(crate) fn by_server(connection: PoolConnection<D>) -> Self {
        Self { connection, closes: true }
    }

    /// One to a file or to memory, which always answers.
    #[cfg(feature = "sqlite")]
    pub(crate) fn by_machine(connection: PoolConnection<D>) -> Self {
        Self { connection, closes: false }
    }

    /// Gives it back, to be used again.
    pub(crate) fn finish(mut self) {
        self.closes = false;
    }
}

impl<D: Database> Deref for Lent<D> {
    type Target = D::Connection;

    fn deref(&self) -> &D::Connection {
        &self.connection
    }
}

impl<D: Database> DerefMut for Lent<D> {
    fn deref_mut(&mut self) -> &mut D::Connection {
        &mut self.connection
    }
}

impl<D: Database> Drop for Lent<D> {
    fn drop(&mut self) {
        if self.closes {
            self.connection.close_on_drop();
        }
    }
}
