//! Being told of changes by NOTIFY.

use std::sync::Arc;

use punctual_core::{BoxFuture, ChangeWatch, StoreError};
use sqlx::PgPool;
use sqlx::postgres::PgListener;

use super::error::store_error;

/// Listens on a connection of its own.
pub(super) struct Watch {
    pool: PgPool,
    channel: Arc<str>,
    /// None while it is to be made anew.
    listener: Option<PgListener>,
}

impl Watch {
    /// Listens from now on. The pool is there for this alone.
    pub(super) async fn begin(pool: PgPool, channel: Arc<str>) -> Result<Self, StoreError> {
        let listener = Some(listen(&pool, &channel).await?);
        Ok(Self { pool, channel, listener })
    }

    async fn next(&mut self) -> Result<(), StoreError> {
        if let Some(listener) = &mut self.listener
            && listener.try_recv().await.is_ok()
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

async fn listen(pool: &PgPool, channel: &str) -> Result<PgListener, StoreError> {
    let mut listener = PgListener::connect_with(pool).await.map_err(store_error)?;
    listener.listen(channel).await.map_err(store_error)?;
    Ok(listener)
}
