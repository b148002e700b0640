//! Being told of changes by NOTIFY.

use std::sync::Arc;
use std::time::Duration;

use punctual_core::{BoxFuture, ChangeWatch, StoreError};
use sqlx::postgres::PgListener;
use sqlx::{Acquire, PgPool};
use tokio::time::timeout;

use super::error::store_error;
use crate::server::answers;

/// Listens on a connection of its own.
pub(super) struct Watch {
    pool: PgPool,
    channel: Arc<str>,
    /// How long nothing may be heard before the connection is tried.
    quiet: Duration,
    /// None while it is to be made anew.
    listener: Option<PgListener>,
}

impl Watch {
    /// Listens from now on. The pool is there for this alone.
    pub(super) async fn begin(
        pool: PgPool,
        channel: Arc<str>,
        quiet: Duration,
    ) -> Result<Self, StoreError> {
        let listener = Some(listen(&pool, &channel).await?);
        Ok(Self { pool, channel, quiet, listener })
    }

    async fn next(&mut self) -> Result<(), StoreError> {
        if let Some(listener) = &mut self.listener
            && hear(listener, self.quiet).await.is_ok()
        {
            // Many changes are one reason to look.
            while listener.next_buffered().is_some() {}
            return Ok(());
        }
        // It may have the pool's only connection still.
        self.listener = None;
        // What was told in the meantime is lost: so something may have changed.
        self.listener = Some(listen(&self.pool, &self.channel).await?);
        Ok(())
    }
}

impl ChangeWatch for Watch {
    fn changed(&mut self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.next())
    }
}

/// Waits for a notification, or until the connection is known to be lost. One that was lost without a word (a
/// router forgets those that are silent) would be as quiet as one on which nothing is told.
async fn hear(listener: &mut PgListener, quiet: Duration) -> Result<(), sqlx::Error> {
    loop {
        if let Ok(heard) = timeout(quiet, listener.try_recv()).await {
            return heard.map(drop);
        }
        answers(&mut *listener.acquire().await?).await?;
    }
}

async fn listen(pool: &PgPool, channel: &str) -> Result<PgListener, StoreError> {
    let mut listener = PgListener::connect_with(pool).await.map_err(store_error)?;
    listener.listen(channel).await.map_err(store_error)?;
    Ok(listener)
}
