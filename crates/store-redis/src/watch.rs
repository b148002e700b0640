//! Notification of changes by a channel.

use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::{Either, select};
use punctual_core::{BoxFuture, ChangeWatch, StoreError, Timestamp};
use redis::Msg;
use redis::aio::{PubSubSink, PubSubStream};
use tokio::time::timeout;

use crate::client::Client;
use crate::layout::parse_number;

/// A watcher with its own connection.
pub(crate) struct Watch {
    client: Client,
    channel: String,
    /// `None` while the connection must be reopened.
    subscription: Option<(PubSubSink, PubSubStream)>,
    /// See [`ChangeWatch::due_at`].
    due_at: Option<Timestamp>,
}

impl Watch {
    /// Starts to listen.
    pub(crate) async fn begin(client: Client, channel: String) -> Result<Self, StoreError> {
        let subscription = Some(client.subscribe(&channel).await?.split());
        Ok(Self { client, channel, subscription, due_at: None })
    }

    async fn next(&mut self) -> Result<(), StoreError> {
        let limit = self.client.response_timeout();
        self.due_at = None;
        if let Some((sink, stream)) = &mut self.subscription
            && let Some(message) = receive(sink, stream, limit).await
        {
            self.due_at = parse_number(message.get_payload_bytes()).map(Timestamp::from_micros);
            return Ok(());
        }
        self.subscription = None;
        // Messages sent while disconnected are lost, so a change is reported after every reconnect.
        self.subscription = Some(self.client.subscribe(&self.channel).await?.split());
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

    fn due_at(&self) -> Option<Timestamp> {
        self.due_at
    }
}

/// Waits for a message; `None` if the connection is lost. A silently lost connection (e.g. a router has dropped an idle one)
/// is detected by a ping.
async fn receive(sink: &mut PubSubSink, stream: &mut PubSubStream, limit: Duration) -> Option<Msg> {
    loop {
        match timeout(limit, stream.next()).await {
            Ok(message) => return message,
            Err(_) => {
                if !matches!(timeout(limit, sink.ping::<redis::Value>()).await, Ok(Ok(_))) {
                    return None;
                }
            }
        }
    }
}
