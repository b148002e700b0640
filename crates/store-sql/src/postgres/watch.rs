//! Notification of changes by LISTEN and NOTIFY.

use std::sync::Arc;
use std::time::Duration;

use punctual_core::{BoxFuture, ChangeWatch, StoreError, Timestamp};
use sqlx::postgres::{PgListener, PgNotification};
use sqlx::{Acquire, PgPool};
use tokio::time::timeout;

use super::error::store_error;
use crate::ping::ping;

/// A watcher with its own connection.
pub(super) struct Watch {
    pool: PgPool,
    channel: Arc<str>,
    /// The time without a notification after which the connection is pinged.
    ping_interval: Duration,
    /// `None` while the connection must be reopened.
    listener: Option<PgListener>,
    /// See [`ChangeWatch::due_at`].
    due_at: Option<Timestamp>,
}

impl Watch {
    /// Starts to listen. The pool is used for watchers only.
    pub(super) async fn begin(
        pool: PgPool,
        channel: Arc<str>,
        ping_interval: Duration,
    ) -> Result<Self, StoreError> {
        let listener = Some(listen(&pool, &channel).await?);
        Ok(Self { pool, channel, ping_interval, listener, due_at: None })
    }

    async fn next(&mut self) -> Result<(), StoreError> {
        self.due_at = None;
        if let Some(listener) = &mut self.listener
            && let Ok(Some(first)) = recv_with_ping(listener, self.ping_interval).await
        {
            // Many notifications are reported as one change.
            let others = std::iter::from_fn(|| listener.next_buffered());
            let due =
                std::iter::once(first).chain(others).map(|notification| due_at(&notification));
            self.due_at = due.reduce(|one, other| Some(one?.min(other?))).flatten();
            return Ok(());
        }
        // The old listener may have the only connection of the pool.
        self.listener = None;
        // Notifications sent while disconnected are lost, so a change is reported after every reconnect.
        self.listener = Some(listen(&self.pool, &self.channel).await?);
        Ok(())
    }
}

impl ChangeWatch for Watch {
    fn changed(&mut self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.next())
    }

    fn due_at(&self) -> Option<Timestamp> {
        self.due_at
    }
}

/// The time in the notification of added jobs.
fn due_at(notification: &PgNotification) -> Option<Timestamp> {
    notification.payload().parse().ok().map(Timestamp::from_micros)
}

/// Waits for a notification, and returns `None` or fails if the connection is lost. A silently lost connection (e.g. a router has dropped
/// an idle one) is detected by a ping.
async fn recv_with_ping(
    listener: &mut PgListener,
    ping_interval: Duration,
) -> Result<Option<PgNotification>, sqlx::Error> {
    loop {
        if let Ok(received) = timeout(ping_interval, listener.try_recv()).await {
            return received;
        }
        ping(&mut *listener.acquire().await?).await?;
    }
}

async fn listen(pool: &PgPool, channel: &str) -> Result<PgListener, StoreError> {
    let mut listener = PgListener::connect_with(pool).await.map_err(store_error)?;
    listener.listen(channel).await.map_err(store_error)?;
    Ok(listener)
}
