//! Connections to one of the servers, and queries.
//!
//! Each query has a connection of its own, which is used again by later ones. If a call is dropped or fails, so is its
//! connection, and the server stops executing the query.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use punctual_core::StoreError;
use punctual_store_kit::{HostAddress, Login, Timeouts};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::config::Options;
use crate::connection::{Connection, Request};
use crate::error::RequestError;
use crate::reql::Term;
use crate::tls::{self, Tls};

/// The number of connections that are kept for later queries.
const MAX_IDLE: usize = 8;

/// Connections that all clones share.
#[derive(Clone)]
pub(crate) struct Client(Arc<Shared>);

struct Shared {
    servers: Vec<HostAddress>,
    login: Login,
    tls: Option<Tls>,
    timeouts: Timeouts,
    state: Mutex<State>,
    is_closed: watch::Sender<bool>,
}

#[derive(Default)]
struct State {
    /// Connections that no query uses.
    idle: Vec<Connection>,
    /// The index of the server to be tried first.
    first: usize,
    is_closed: bool,
}

/// The rows of a cursor.
#[derive(Debug)]
pub(crate) struct Rows {
    pub(crate) rows: Vec<Box<RawValue>>,
    /// Whether these are all.
    pub(crate) is_complete: bool,
}

impl Client {
    /// Creates a client, which connects with the first query.
    pub(crate) fn new(options: &Options) -> Result<Self, StoreError> {
        Ok(Self(Arc::new(Shared {
            servers: options.servers.clone(),
            login: options.login.clone(),
            tls: options.tls.as_ref().map(tls::read).transpose()?,
            timeouts: options.timeouts,
            state: Mutex::default(),
            is_closed: watch::Sender::new(false),
        })))
    }

    /// Executes a query once or not at all, and returns its value.
    pub(crate) async fn value<T: DeserializeOwned>(&self, term: &Term) -> Result<T, RequestError> {
        self.value_within(self.0.timeouts.response, term).await
    }

    /// Executes a query that may take longer than others.
    pub(crate) async fn value_within<T: DeserializeOwned>(
        &self,
        limit: Duration,
        term: &Term,
    ) -> Result<T, RequestError> {
        let mut open = self.take().await?;
        let exchange = async {
            let query = open.start(term).await?;
            open.receive_of(query).await
        };
        let response = limited(limit.max(self.0.timeouts.response), exchange).await;
        let value = response.and_then(|response| {
            let value = response.rows.first().map(|row| serde_json::from_str(row.get()));
            let unexpected = RequestError::Garbage("the response to a query is unexpected");
            value.and_then(Result::ok).ok_or(unexpected)
        });
        self.put_back(open, value.as_ref().err());
        value
    }

    /// Executes a query once, and reads its rows until they have about this size.
    pub(crate) async fn rows(&self, term: &Term, max_size: usize) -> Result<Rows, RequestError> {
        let mut open = self.take().await?;
        let rows = self.read_rows(&mut open, term, max_size).await;
        self.put_back(open, rows.as_ref().err());
        rows
    }

    async fn read_rows(
        &self,
        open: &mut Connection,
        term: &Term,
        max_size: usize,
    ) -> Result<Rows, RequestError> {
        let (mut rows, mut size) = (Vec::new(), 0);
        let query = self.limited(open.start(term)).await?;
        loop {
            let response = self.limited(open.receive_of(query)).await?;
            rows.extend(flat(response.rows)?);
            size += response.size;
            if !response.has_more {
                return Ok(Rows { rows, is_complete: true });
            }
            let is_enough = size >= max_size && !rows.is_empty();
            let request = if is_enough { Request::Stop } else { Request::Continue };
            self.limited(open.send(query, request)).await?;
            if is_enough {
                self.limited(open.receive_of(query)).await?;
                return Ok(Rows { rows, is_complete: false });
            }
        }
    }

    async fn take(&self) -> Result<Connection, RequestError> {
        {
            let mut state = self.0.state.lock();
            if state.is_closed {
                return Err(closed());
            }
            if let Some(open) = state.idle.pop() {
                return Ok(open);
            }
        }
        self.connect().await
    }

    /// Keeps a connection for later queries, unless it has failed.
    fn put_back(&self, open: Connection, error: Option<&RequestError>) {
        let mut state = self.0.state.lock();
        if error.is_some_and(RequestError::must_reconnect) {
            // What has lost one connection has probably lost all of them.
            state.idle.clear();
            state.first = (state.first + 1) % self.0.servers.len();
        } else if state.idle.len() < MAX_IDLE && !state.is_closed {
            state.idle.push(open);
        }
    }

    /// Opens a connection to the first server that responds, beginning with the one that has responded last.
    pub(crate) async fn connect(&self) -> Result<Connection, RequestError> {
        let Shared { servers, login, tls, timeouts, .. } = &*self.0;
        let first = self.0.state.lock().first;
        let mut result = Err(RequestError::TimedOut);
        for index in (first..first + servers.len()).map(|index| index % servers.len()) {
            let open = Connection::open(&servers[index], tls.as_ref(), login);
            result = limited(timeouts.connect, open).await;
            if result.as_ref().err().is_none_or(|error| !error.is_of_server()) {
                self.0.state.lock().first = index;
                break;
            }
        }
        result
    }

    /// Waits for a response, as long as for that to a query.
    pub(crate) async fn limited<T>(
        &self,
        work: impl Future<Output = Result<T, RequestError>>,
    ) -> Result<T, RequestError> {
        limited(self.0.timeouts.response, work).await
    }

    /// The version of a server.
    pub(crate) async fn version(&self) -> Result<String, RequestError> {
        let open = self.take().await?;
        let version = open.version().to_owned();
        self.put_back(open, None);
        Ok(version)
    }

    pub(crate) fn close(&self) {
        let mut state = self.0.state.lock();
        state.is_closed = true;
        state.idle.clear();
        self.0.is_closed.send_replace(true);
    }

    /// Waits until the client is closed.
    pub(crate) async fn closed(&self) {
        // Fails only if the sender was dropped, but `self` owns it.
        let _ = self.0.is_closed.subscribe().wait_for(|is_closed| *is_closed).await;
    }
}

impl fmt::Debug for Client {
    /// Omits the servers' addresses and the login.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

/// Sorted rows are a single value, an array; no row is an array itself.
fn flat(rows: Vec<Box<RawValue>>) -> Result<Vec<Box<RawValue>>, RequestError> {
    match &*rows {
        [array] if array.get().starts_with('[') => serde_json::from_str(array.get())
            .map_err(|_| RequestError::Garbage("the response to a query is unexpected")),
        _ => Ok(rows),
    }
}

fn closed() -> RequestError {
    RequestError::Unreachable("the job store has been shut down".into())
}

async fn limited<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, RequestError>>,
) -> Result<T, RequestError> {
    timeout(limit, work).await.unwrap_or(Err(RequestError::TimedOut))
}
