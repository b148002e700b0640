//! Notification of changes by a changefeed of one document.

use std::pin::pin;

use futures_util::future::{Either, select};
use punctual_core::{BoxFuture, ChangeWatch, StoreError};

use crate::client::Client;
use crate::error::RequestError;
use crate::feed::Feed;
use crate::reql::Term;

/// A watcher with its own feed.
pub(crate) struct Watch {
    client: Client,
    document: Term,
    /// `None` while the feed must be reopened.
    feed: Option<Feed>,
}

impl Watch {
    /// Starts to listen.
    pub(crate) async fn begin(client: Client, document: Term) -> Result<Self, StoreError> {
        let feed = Some(Feed::open(&client, document.clone()).await?);
        Ok(Self { client, document, feed })
    }

    async fn next(&mut self) -> Result<(), RequestError> {
        if let Some(feed) = &mut self.feed {
            match feed.changed().await {
                Ok(()) => return Ok(()),
                Err(_) => self.feed = None,
            }
        }
        // Changes while there was no feed are lost, so a change is reported after every reopening.
        self.feed = Some(Feed::open(&self.client, self.document.clone()).await?);
        Ok(())
    }
}

impl ChangeWatch for Watch {
    fn changed(&mut self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async {
            let client = self.client.clone();
            match select(pin!(self.next()), pin!(client.closed())).await {
                Either::Left((changed, _)) => changed.map_err(StoreError::from),
                Either::Right(_) => Err(StoreError::not_started()),
            }
        })
    }
}
