//! The connection that is kept for the next call.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use sqlx::Database;
use sqlx::pool::PoolConnection;
use tokio::time::Instant;

/// The connection that is kept outside of the pool, if no call waits for one.
pub(crate) struct Spare<D: Database> {
    state: Mutex<SpareState<D>>,
    max_idle: Duration,
}

struct SpareState<D: Database> {
    /// With the time since which it is idle.
    connection: Option<(PoolConnection<D>, Instant)>,
    /// The number of calls that wait for a connection of the pool: it may have no other one than this.
    waiting: usize,
    is_closed: bool,
}

impl<D: Database> Default for SpareState<D> {
    fn default() -> Self {
        Self { connection: None, waiting: 0, is_closed: false }
    }
}

impl<D: Database> Spare<D> {
    /// Creates a place without a connection.
    pub(crate) fn new(max_idle: Duration) -> Self {
        Self { state: Mutex::default(), max_idle }
    }

    /// The time for which a connection may be idle.
    pub(crate) fn max_idle(&self) -> Duration {
        self.max_idle
    }

    /// Keeps a connection, or returns it to the pool.
    pub(crate) fn keep(&self, connection: PoolConnection<D>) {
        let mut state = self.state.lock();
        if state.waiting == 0 && !state.is_closed && state.connection.is_none() {
            state.connection = Some((connection, Instant::now()));
        } else {
            drop(state);
            drop(connection);
        }
    }

    /// Takes the connection. If there is none, later ones are returned to the pool as long as the returned value exists.
    pub(crate) fn take_or_wait(
        self: &Arc<Self>,
    ) -> Result<(PoolConnection<D>, Instant), Waiting<D>> {
        let mut state = self.state.lock();
        state.connection.take().ok_or_else(|| {
            state.waiting += 1;
            Waiting(Arc::clone(self))
        })
    }

    /// Returns the connection to the pool, and later ones as long as the returned value exists.
    pub(crate) fn return_and_wait(self: &Arc<Self>) -> Waiting<D> {
        let mut state = self.state.lock();
        state.waiting += 1;
        let connection = state.connection.take();
        drop(state);
        drop(connection);
        Waiting(Arc::clone(self))
    }
}

impl<D: Database> Spare<D> {
    /// Returns the connection to the pool, and all later ones.
    pub(crate) fn close(self: &Arc<Self>) {
        self.state.lock().is_closed = true;
        drop(self.return_and_wait());
    }
}

impl<D: Database> Drop for Spare<D> {
    fn drop(&mut self) {
        if let Some((connection, _)) = self.state.get_mut().connection.take() {
            // Returning it to the pool would require a runtime.
            drop(connection.detach());
        }
    }
}

/// A call that waits for a connection of the pool.
pub(crate) struct Waiting<D: Database>(Arc<Spare<D>>);

impl<D: Database> Drop for Waiting<D> {
    fn drop(&mut self) {
        self.0.state.lock().waiting -= 1;
    }
}
