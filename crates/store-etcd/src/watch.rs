//! Notification of changes by a watch of one key.

use std::pin::pin;

use futures_util::future::{Either, select};
use punctual_core::{BoxFuture, ChangeWatch, StoreError};
use tonic::Streaming;

use crate::client::Client;
use crate::error::RequestError;
use crate::messages::{WatchCreateRequest, WatchRequest, WatchResponse};

/// A watcher with its own stream.
pub(crate) struct Watch {
    client: Client,
    key: Vec<u8>,
    /// `None` while the stream must be reopened.
    stream: Option<Streaming<WatchResponse>>,
}

impl Watch {
    /// Starts to listen.
    pub(crate) async fn begin(client: Client, key: Vec<u8>) -> Result<Self, StoreError> {
        let stream = Some(open(&client, &key).await?);
        Ok(Self { client, key, stream })
    }

    async fn next(&mut self) -> Result<(), StoreError> {
        while let Some(stream) = &mut self.stream {
            match stream.message().await {
                Ok(Some(response)) if response.canceled => self.stream = None,
                Ok(Some(response)) if response.events.is_empty() => {}
                Ok(Some(_)) => return Ok(()),
                Ok(None) | Err(_) => self.stream = None,
            }
        }
        // Changes while there was no stream are lost, and may have been compacted, so a change is reported after every
        // reopening.
        self.stream = Some(open(&self.client, &self.key).await?);
        Ok(())
    }
}

impl ChangeWatch for Watch {
    fn changed(&mut self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async {
            let client = self.client.clone();
            match select(pin!(self.next()), pin!(client.closed())).await {
                Either::Left((changed, _)) => changed,
                Either::Right(_) => Err(StoreError::not_started()),
            }
        })
    }
}

async fn open(client: &Client, key: &[u8]) -> Result<Streaming<WatchResponse>, RequestError> {
    let create = WatchCreateRequest { key: key.to_vec(), start_revision: 0 };
    client.watch(WatchRequest { create: Some(create) }).await
}
