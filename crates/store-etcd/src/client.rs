//! The connection to one of the servers.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::stream::{self, StreamExt};
use http::uri::PathAndQuery;
use punctual_core::{StoreError, error_chain};
use punctual_store_kit::{Login, Timeouts};
use tokio::sync::{Mutex, watch};
use tokio::time::timeout;
use tonic::client::Grpc;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Streaming};
use tonic_prost::ProstCodec;

use crate::config::Options;
use crate::error::{RequestError, timed_out};
use crate::messages::{
    AuthenticateRequest, Method, RangeRequest, StatusRequest, WatchRequest, WatchResponse,
};
use crate::tls;

/// The largest response. A transaction reads at most 60 jobs, of 1.5 MiB each.
const MAX_RESPONSE: usize = 128 << 20;

/// How often a connection that is waiting for a response is checked. Servers close connections that do this every five
/// seconds or more often.
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// How many requests of a call are sent without waiting for the responses.
pub(crate) const CONCURRENT: usize = 16;

/// The number of bytes that a server may send without waiting.
const WINDOW: u32 = 8 << 20;

/// A connection that all clones share. Requests of concurrent calls are sent without waiting for each other's responses.
#[derive(Clone)]
pub(crate) struct Client(Arc<Shared>);

struct Shared {
    servers: Vec<Endpoint>,
    login: Option<Login>,
    timeouts: Timeouts,
    state: Mutex<State>,
    is_closed: watch::Sender<bool>,
}

#[derive(Default)]
struct State {
    /// `None` if a connection must be opened.
    open: Option<Connection>,
    /// The index of the server to be tried first.
    first: usize,
    /// The number of connections that were opened.
    opened: u64,
}

#[derive(Clone)]
struct Connection {
    grpc: Grpc<Channel>,
    token: Option<MetadataValue<Ascii>>,
    number: u64,
}

impl Client {
    /// Creates a client, which connects with the first request.
    pub(crate) fn new(options: &Options) -> Result<Self, StoreError> {
        let certificates = options.tls.as_ref().map(tls::read).transpose()?;
        let endpoint = |server| {
            let endpoint = tls::endpoint(server, certificates.as_ref())?
                .connect_timeout(options.timeouts.connect)
                .http2_keep_alive_interval(KEEP_ALIVE)
                .keep_alive_timeout(options.timeouts.response)
                .initial_connection_window_size(WINDOW)
                .initial_stream_window_size(WINDOW);
            Ok(endpoint)
        };
        Ok(Self(Arc::new(Shared {
            servers: options.servers.iter().map(endpoint).collect::<Result<_, StoreError>>()?,
            login: options.login.clone(),
            timeouts: options.timeouts,
            state: Mutex::default(),
            is_closed: watch::Sender::new(false),
        })))
    }

    /// Sends a request, which is executed once or not at all. It is repeated only if the server has rejected the token of the
    /// login, before it has executed anything. After other errors the next request may be sent to another server.
    pub(crate) async fn call<M: Method>(&self, request: M) -> Result<M::Response, RequestError> {
        let mut repetition = self.0.login.as_ref().map(|_| request.clone());
        let mut request = Some(request);
        loop {
            let mut open = self.connection().await?;
            let Some(message) = request.take() else { return Err(timed_out()) };
            let error = match self.exchange(&mut open, message).await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            if error.is_token_rejected() {
                self.drop_connection(open.number, 0).await;
                request = repetition.take();
                if request.is_some() {
                    continue;
                }
            } else if error.must_reconnect() {
                self.drop_connection(open.number, 1).await;
            }
            return Err(error);
        }
    }

    async fn exchange<M: Method>(
        &self,
        open: &mut Connection,
        message: M,
    ) -> Result<M::Response, RequestError> {
        let exchange = async {
            open.grpc.ready().await.map_err(|error| unreachable(&error))?;
            let codec = ProstCodec::<M, M::Response>::default();
            let response = open.grpc.unary(open.request(message), path::<M>(), codec).await;
            response.map(tonic::Response::into_inner).map_err(|status| RequestError::of(&status))
        };
        limited(self.0.timeouts.response, exchange.boxed()).await
    }

    /// Begins a watch, on a connection of its own, which does not keep a lost one open. The stream ends when the server stops or
    /// has lost its leader.
    pub(crate) async fn watch(
        &self,
        request: WatchRequest,
    ) -> Result<Streaming<WatchResponse>, RequestError> {
        let first = self.0.state.lock().await.first;
        let mut open = self.connect_to_any(first).await?.1;
        let begin = async {
            open.grpc.ready().await.map_err(|error| unreachable(&error))?;
            // The server ends the watch when this stream ends.
            let requests = stream::iter([request]).chain(stream::pending());
            let codec = ProstCodec::<WatchRequest, WatchResponse>::default();
            let begun =
                open.grpc.streaming(open.request(requests), path::<WatchRequest>(), codec).await;
            let mut responses = begun.map_err(|status| RequestError::of(&status))?.into_inner();
            match responses.message().await.map_err(|status| RequestError::of(&status))? {
                Some(WatchResponse { created: true, canceled: false, .. }) => Ok(responses),
                Some(WatchResponse { cancel_reason, .. }) => {
                    Err(RequestError::unavailable(cancel_reason))
                }
                None => Err(RequestError::unavailable("the server has ended the watch")),
            }
        };
        limited(self.0.timeouts.response, begin.boxed()).await
    }

    /// Drops the connection with this number; another call may have done so. The next one is opened to the same server, or to
    /// that which follows by `step`.
    async fn drop_connection(&self, number: u64, step: usize) {
        let mut state = self.0.state.lock().await;
        if state.open.as_ref().is_some_and(|open| open.number == number) {
            state.open = None;
            state.first = (state.first + step) % self.0.servers.len();
        }
    }

    async fn connection(&self) -> Result<Connection, RequestError> {
        // Calls wait for one of them to connect.
        let connect_once = async {
            let mut state = self.0.state.lock().await;
            if *self.0.is_closed.borrow() {
                return Err(RequestError::unavailable("the job store has been shut down"));
            }
            if let Some(open) = &state.open {
                return Ok(open.clone());
            }
            let (first, mut open) = self.connect_to_any(state.first).await?;
            state.first = first;
            state.opened += 1;
            open.number = state.opened;
            state.open = Some(open.clone());
            Ok(open)
        };
        let servers = u32::try_from(self.0.servers.len()).unwrap_or(u32::MAX);
        limited(self.0.timeouts.connect.saturating_mul(servers), connect_once.boxed()).await
    }

    /// Connects to the first server that responds, beginning at one of them, and returns its index.
    async fn connect_to_any(&self, first: usize) -> Result<(usize, Connection), RequestError> {
        let count = self.0.servers.len();
        let mut result = Err(timed_out());
        for index in (first..first + count).map(|index| index % count) {
            result = self.connect(&self.0.servers[index]).await.map(|open| (index, open));
            if result.as_ref().err().is_none_or(|error| !error.must_reconnect()) {
                break;
            }
        }
        result
    }

    /// Connects to a server, logs in, and checks that it responds and has a leader.
    async fn connect(&self, server: &Endpoint) -> Result<Connection, RequestError> {
        let connect = async {
            let channel = server.connect().await.map_err(|error| unreachable(&error))?;
            let grpc = Grpc::new(channel)
                .max_decoding_message_size(MAX_RESPONSE)
                .max_encoding_message_size(MAX_RESPONSE);
            let mut open = Connection { grpc, token: None, number: 0 };
            open.token = self.log_in(&mut open).await?;
            match self.exchange(&mut open, StatusRequest {}).await {
                // Newer servers respond only to users with the role `root`.
                Err(error) if error.is_permission_denied() => self.check_leader(&mut open).await?,
                response => drop(response?),
            }
            Ok(open)
        };
        limited(self.0.timeouts.connect, connect).await
    }

    /// Reads a key, for which the server asks its leader before it checks the permissions of the user.
    async fn check_leader(&self, open: &mut Connection) -> Result<(), RequestError> {
        let request = RangeRequest { key: vec![0], count_only: true, ..RangeRequest::default() };
        match self.exchange(open, request).await {
            Err(error) if !error.is_permission_denied() => Err(error),
            _ => Ok(()),
        }
    }

    /// Returns the token for further requests, or `None` without a login.
    async fn log_in(
        &self,
        open: &mut Connection,
    ) -> Result<Option<MetadataValue<Ascii>>, RequestError> {
        let Some(Login { name, password }) = self.0.login.clone() else { return Ok(None) };
        match self.exchange(open, AuthenticateRequest { name, password }).await {
            Ok(response) => {
                let token = MetadataValue::try_from(&response.token);
                let mut token = token.map_err(|_| RequestError::unavailable("an invalid token"))?;
                token.set_sensitive(true);
                Ok(Some(token))
            }
            Err(error) if error.is_authentication_disabled() => {
                tracing::warn!("a user is given, but etcd has no authentication enabled");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    pub(crate) async fn close(&self) {
        self.0.is_closed.send_replace(true);
        self.0.state.lock().await.open = None;
    }

    /// Waits until the client is closed.
    pub(crate) async fn closed(&self) {
        // Fails only if the sender was dropped, but `self` owns it.
        let _ = self.0.is_closed.subscribe().wait_for(|is_closed| *is_closed).await;
    }
}

impl Connection {
    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        let metadata = request.metadata_mut();
        // A server that has lost the others rejects the request instead of letting it wait.
        metadata.insert("hasleader", MetadataValue::from_static("true"));
        if let Some(token) = &self.token {
            metadata.insert("token", token.clone());
        }
        request
    }
}

impl fmt::Debug for Client {
    /// Omits the servers' addresses and the login.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

fn path<M: Method>() -> PathAndQuery {
    PathAndQuery::from_static(M::PATH)
}

fn unreachable(error: &tonic::transport::Error) -> RequestError {
    RequestError::unavailable(error_chain(error).to_string())
}

/// Requests are boxed: the futures of the client library are large, and calls contain many of them.
async fn limited<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, RequestError>>,
) -> Result<T, RequestError> {
    timeout(limit, work).await.unwrap_or_else(|_| Err(timed_out()))
}
