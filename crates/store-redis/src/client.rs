//! The connection to the server.

use std::fmt;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use punctual_core::{StoreError, StoreErrorKind, TaskFilter};
use punctual_store_kit::{Timeouts, task_names};
use redis::aio::{MultiplexedConnection, PubSub};
use redis::{
    AsyncConnectionConfig, Cmd, RedisError, RedisResult, ServerErrorKind, ToRedisArgs, Value,
};
use tokio::sync::{Mutex, watch};
use tokio::time::timeout;

use crate::error::{must_reconnect, store_error};
use crate::reply::Reply;
use crate::scripts::Script;
use crate::servers::{Hint, Servers};
use crate::tls::Tls;

/// The largest step by which fences increase.
const MAX_STEP: u32 = 1 << 20;

/// How often a request is redirected from one server of a cluster to another.
const MAX_REDIRECTS: u32 = 3;

/// A connection that all clones share. Requests of concurrent calls are sent without waiting for each other's responses.
#[derive(Clone)]
pub(crate) struct Client(Arc<Shared>);

struct Shared {
    servers: Servers,
    tls: Option<Tls>,
    timeouts: Timeouts,
    state: Mutex<State>,
    is_closed: watch::Sender<bool>,
}

#[derive(Default)]
struct State {
    /// `None` if a connection must be opened.
    open: Option<Connection>,
    hint: Hint,
    /// The number of connections that were opened.
    opened: u64,
}

#[derive(Clone)]
struct Connection {
    server: redis::Client,
    connection: MultiplexedConnection,
    number: u64,
}

impl Client {
    pub(crate) fn new(servers: Servers, tls: Option<Tls>, timeouts: Timeouts) -> Self {
        let (state, is_closed) = (Mutex::default(), watch::Sender::new(false));
        Self(Arc::new(Shared { servers, tls, timeouts, state, is_closed }))
    }

    /// Sends a command. The client library resends nothing, so it is executed once or not at all.
    pub(crate) async fn send(&self, cmd: &Cmd) -> Result<Reply, StoreError> {
        self.request(cmd, false).await.map(Reply::new).map_err(store_error)
    }

    /// Executes a script, and waits until its changes are on the disk if `sync` is set. If the server does not know the script,
    /// which it says before it executes anything, the script is sent.
    pub(crate) async fn execute(&self, call: &Call, sync: bool) -> Result<Reply, StoreError> {
        let mut result = self.request(&call.cmd, sync).await;
        if result.as_ref().is_err_and(is_unknown_script) {
            let mut load = redis::cmd("SCRIPT");
            load.arg("LOAD").arg(call.script.text());
            self.request(&load, false).await.map_err(store_error)?;
            result = self.request(&call.cmd, sync).await;
        }
        result.map(Reply::new).map_err(store_error)
    }

    async fn request(&self, cmd: &Cmd, sync: bool) -> RedisResult<Value> {
        let mut redirects = 0;
        loop {
            let mut open = self.connection().await?;
            let result = match sync {
                false => open.connection.send_packed_command(cmd).await,
                true => self.send_and_sync(&mut open.connection, cmd).await,
            };
            let error = match result.and_then(Value::extract_error) {
                Err(error) if must_reconnect(&error) => error,
                result => return result,
            };
            let moved_to = moved_to(&error);
            let is_redirected = moved_to.is_some();
            self.drop_connection(open.number, moved_to).await;
            redirects += 1;
            // A server that redirects has executed nothing.
            if !is_redirected || redirects > MAX_REDIRECTS {
                return Err(error);
            }
        }
    }

    /// Executes a command, and waits until the server has written its changes to the disk.
    async fn send_and_sync(
        &self,
        connection: &mut MultiplexedConnection,
        cmd: &Cmd,
    ) -> RedisResult<Value> {
        let limit = self.0.timeouts.response.as_millis();
        let mut wait = redis::cmd("WAITAOF");
        wait.arg(1).arg(0).arg(u64::try_from(limit).unwrap_or(u64::MAX));
        let mut both = redis::pipe();
        both.add_command(cmd.clone()).add_command(wait);
        let mut values = connection.send_packed_commands(&both, 0, 2).await?;
        let (synced, value) = (values.pop(), values.pop().unwrap_or(Value::Nil));
        let value = value.extract_error()?;
        match synced.unwrap_or(Value::Nil).extract_error()? {
            Value::Array(counts) if matches!(counts.first(), Some(Value::Int(1..))) => Ok(value),
            _ => Err(failed(ErrorKind::TimedOut)),
        }
    }

    /// Drops the connection with this number; another call may have done so.
    async fn drop_connection(&self, number: u64, moved_to: Option<(String, u16)>) {
        let mut state = self.0.state.lock().await;
        if state.open.as_ref().is_some_and(|open| open.number == number) {
            state.open = None;
            let first = state.hint.first + usize::from(moved_to.is_none());
            state.hint = Hint { first, moved_to };
        }
    }

    async fn connection(&self) -> RedisResult<Connection> {
        let Timeouts { connect, response } = self.0.timeouts;
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(connect))
            .set_response_timeout(Some(response));
        // Calls wait for one of them to connect.
        let connect_once = async {
            let mut state = self.0.state.lock().await;
            if *self.0.is_closed.borrow() {
                return Err(failed(ErrorKind::NotConnected));
            }
            if let Some(open) = &state.open {
                return Ok(open.clone());
            }
            let tls = self.0.tls.as_ref();
            let (server, connection) = self.0.servers.connect(&state.hint, tls, &config).await?;
            state.opened += 1;
            let open = Connection { server, connection, number: state.opened };
            state.open = Some(open.clone());
            Ok(open)
        };
        limited(connect * self.0.servers.attempts(), connect_once).await
    }

    /// A connection of its own that receives the messages of a channel.
    pub(crate) async fn subscribe(&self, channel: &str) -> Result<PubSub, StoreError> {
        let subscribe = async {
            let mut subscription = self.connection().await?.server.get_async_pubsub().await?;
            subscription.subscribe(channel).await?;
            Ok(subscription)
        };
        let limit = self.0.timeouts.connect * self.0.servers.attempts();
        limited(limit, subscribe).await.map_err(store_error)
    }

    pub(crate) fn response_timeout(&self) -> Duration {
        self.0.timeouts.response
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

impl fmt::Debug for Client {
    /// Omits the server's address and password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

/// The server of a cluster to which the error redirects.
fn moved_to(error: &RedisError) -> Option<(String, u16)> {
    let (address, _) = error.redirect_node().filter(|_| error.code() == Some("MOVED"))?;
    let (host, port) = address.rsplit_once(':')?;
    Some((host.into(), port.parse().ok()?))
}

fn is_unknown_script(error: &RedisError) -> bool {
    error.kind() == redis::ErrorKind::Server(ServerErrorKind::NoScript)
}

async fn limited<T>(limit: Duration, work: impl Future<Output = RedisResult<T>>) -> RedisResult<T> {
    timeout(limit, work).await.map_err(|_| failed(ErrorKind::TimedOut))?
}

fn failed(kind: ErrorKind) -> RedisError {
    RedisError::from(io::Error::from(kind))
}

/// The execution of a script.
#[must_use = "a call does nothing until it is executed"]
pub(crate) struct Call {
    script: &'static Script,
    cmd: Cmd,
}

impl Call {
    pub(crate) fn new(script: &'static Script, keys: &[String]) -> Self {
        let mut cmd = redis::cmd("EVALSHA");
        cmd.arg(script.hash()).arg(keys.len()).arg(keys);
        Self { script, cmd }
    }

    pub(crate) fn arg(mut self, arg: impl ToRedisArgs) -> Self {
        self.cmd.arg(arg);
        self
    }

    pub(crate) fn args(self, args: impl IntoIterator<Item = impl ToRedisArgs>) -> Self {
        args.into_iter().fold(self, Self::arg)
    }

    /// Adds a random number by which fences increase: after a failover that has lost a claim, the next claim has another
    /// fence than the lost one.
    pub(crate) fn step(self) -> Self {
        self.arg(fastrand::u32(1..=MAX_STEP))
    }

    pub(crate) fn filter(self, filter: &TaskFilter) -> Self {
        match task_names(filter) {
            None => self.arg("*"),
            Some(names) => self.arg("=").args(names),
        }
    }
}

/// The error of a server that is too old or lacks a feature.
pub(crate) fn unsupported(message: impl Into<String>) -> StoreError {
    StoreError::new(StoreErrorKind::Unsupported, message)
}
