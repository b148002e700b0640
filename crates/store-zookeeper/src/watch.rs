//! Notification of changes by a watch of one node.

use std::pin::pin;

use futures_util::future::{Either, select};
use punctual_core::{BoxFuture, ChangeWatch, StoreError};
use zookeeper_client::{EventType, PersistentWatcher};

use crate::error::RequestError;
use crate::layout::CHANGED;
use crate::zookeeper::ZooKeeper;

/// A watcher of the notifications.
pub(crate) struct Watch {
    store: ZooKeeper,
    /// `None` while the watch must be begun again.
    watcher: Option<PersistentWatcher>,
}

impl Watch {
    /// Starts to listen.
    pub(crate) async fn begin(store: ZooKeeper) -> Result<Self, StoreError> {
        let watcher = Some(begin(&store).await?);
        Ok(Self { store, watcher })
    }

    async fn next(&mut self) -> Result<(), StoreError> {
        if let Some(watcher) = &mut self.watcher {
            let event = watcher.changed().await;
            if event.event_type != EventType::Session {
                return Ok(());
            }
            // The session has lost its connection, or it is another one now.
            self.watcher = None;
        }
        self.store.client.reconnect().await;
        // Changes while there was no watch are lost, so a change is reported after every beginning.
        self.watcher = Some(begin(&self.store).await?);
        Ok(())
    }
}

impl ChangeWatch for Watch {
    fn changed(&mut self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async {
            let client = self.store.client.clone();
            match select(pin!(client.closed()), pin!(self.next())).await {
                Either::Left(_) => Err(StoreError::not_started()),
                Either::Right((changed, _)) => changed,
            }
        })
    }
}

async fn begin(store: &ZooKeeper) -> Result<PersistentWatcher, RequestError> {
    store.client.watch(store.paths.node(CHANGED)).await
}
