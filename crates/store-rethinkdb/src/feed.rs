//! A changefeed, on a connection of its own.

use std::time::Duration;

use tokio::time::timeout;

use crate::client::Client;
use crate::connection::{Connection, Request};
use crate::error::RequestError;
use crate::reql::Term;

/// How often a connection that is waiting for a change is checked.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// An open changefeed.
#[derive(Debug)]
pub(crate) struct Feed {
    client: Client,
    connection: Connection,
    query: u64,
    /// Whether the next changes have been requested.
    is_requested: bool,
    /// Whether a message is being read or written. If this was interrupted, the rest can't be understood.
    is_busy: bool,
}

impl Feed {
    /// Opens a feed. Changes after the call are reported.
    pub(crate) async fn open(client: &Client, term: Term) -> Result<Self, RequestError> {
        let mut connection = client.connect().await?;
        // The current value is the proof that the server has begun to watch.
        let term = term.changes().with("include_initial", true);
        let first = client.limited(async {
            let query = connection.start(&term).await?;
            connection.receive_of(query).await
        });
        let first = first.await?;
        match first.has_more {
            true => Ok(Self {
                client: client.clone(),
                query: first.query,
                connection,
                is_requested: false,
                is_busy: false,
            }),
            false => Err(RequestError::Garbage("a changefeed has ended")),
        }
    }

    /// Waits for a change. The future may be dropped; after an error the feed has ended.
    pub(crate) async fn changed(&mut self) -> Result<(), RequestError> {
        if std::mem::replace(&mut self.is_busy, true) {
            return Err(RequestError::Garbage("reading was interrupted"));
        }
        if !std::mem::replace(&mut self.is_requested, true) {
            let request = self.connection.send(self.query, Request::Continue);
            self.client.limited(request).await?;
        }
        let mut is_checking = false;
        loop {
            self.is_busy = false;
            let readable = self.connection.readable();
            if is_checking {
                self.client.limited(readable).await?;
            } else if let Ok(readable) = timeout(KEEP_ALIVE, readable).await {
                readable?;
            } else {
                self.is_busy = true;
                self.client.limited(self.connection.start(&Term::null())).await?;
                is_checking = true;
                continue;
            }
            self.is_busy = true;
            let response = self.client.limited(self.connection.receive()).await?;
            if response.query == self.query {
                self.is_requested = false;
                self.is_busy = false;
                return match response.has_more {
                    true => Ok(()),
                    false => Err(RequestError::Garbage("a changefeed has ended")),
                };
            }
            is_checking = false;
        }
    }
}
