//! The connection to the server.

use std::fmt;
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use punctual_core::{StoreError, StoreErrorKind, TaskFilter};
use punctual_store_kit::task_names;
use redis::aio::{MultiplexedConnection, PubSub};
use redis::{
    AsyncConnectionConfig, Cmd, RedisError, RedisResult, ServerErrorKind, ToRedisArgs, Value,
};
use tokio::sync::{Mutex, watch};
use tokio::time::timeout;

use crate::error::{must_reconnect, store_error};
use crate::reply::Reply;
use crate::scripts::Script;

/// The largest step by which fences increase.
const MAX_STEP: u32 = 1 << 20;

/// How long to wait for the server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeouts {
    pub(crate) connect: Duration,
    pub(crate) response: Duration,
}

/// A connection that all clones share. Requests of concurrent calls are sent without waiting for each other's responses.
#[derive(Clone)]
pub(crate) struct Client(Arc<Shared>);

struct Shared {
    server: redis::Client,
    timeouts: Timeouts,
    connection: Mutex<Connection>,
    is_closed: watch::Sender<bool>,
}

/// The current connection; `None` if it must be reopened.
#[derive(Default)]
struct Connection {
    open: Option<MultiplexedConnection>,
    /// The number of connections that were opened.
    number: u64,
}

impl Client {
    pub(crate) fn new(server: redis::Client, timeouts: Timeouts) -> Self {
        Self(Arc::new(Shared {
            server,
            timeouts,
            connection: Mutex::default(),
            is_closed: watch::Sender::new(false),
        }))
    }

    /// Sends a command. The client library resends nothing, so it is executed once or not at all.
    pub(crate) async fn send(&self, cmd: &Cmd) -> Result<Reply, StoreError> {
        self.with_connection(async |mut connection| connection.send_packed_command(cmd).await)
            .await
            .and_then(|value| value.extract_error())
            .map(Reply::new)
            .map_err(store_error)
    }

    /// Executes a script. If the server does not know it, which it says before it executes anything, it is sent.
    pub(crate) async fn execute(&self, call: &Call, sync: bool) -> Result<Reply, StoreError> {
        let execute = async |mut connection: MultiplexedConnection| match sync {
            false => connection.send_packed_command(&call.cmd).await,
            true => self.execute_and_sync(connection, &call.cmd).await,
        };
        let extract = |value: Value| value.extract_error();
        let mut result = self.with_connection(execute).await.and_then(extract);
        if result.as_ref().is_err_and(is_unknown_script) {
            let load = async |mut connection| call.script.code().load_async(&mut connection).await;
            self.with_connection(load).await.map_err(store_error)?;
            result = self.with_connection(execute).await.and_then(extract);
        }
        result.map(Reply::new).map_err(store_error)
    }

    /// Executes a command, and waits until the server has written its changes to the disk.
    async fn execute_and_sync(
        &self,
        mut connection: MultiplexedConnection,
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

    async fn with_connection<T>(
        &self,
        work: impl AsyncFnOnce(MultiplexedConnection) -> RedisResult<T>,
    ) -> RedisResult<T> {
        let (connection, number) = self.connection().await?;
        let result = work(connection).await;
        if result.as_ref().is_err_and(must_reconnect) {
            let mut connection = self.0.connection.lock().await;
            // Another call may have reopened it.
            if connection.number == number {
                connection.open = None;
            }
        }
        result
    }

    /// The open connection with its number.
    async fn connection(&self) -> RedisResult<(MultiplexedConnection, u64)> {
        let Timeouts { connect, response } = self.0.timeouts;
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(connect))
            .set_response_timeout(Some(response));
        // Calls wait for one of them to connect.
        let connect_once = async {
            let mut connection = self.0.connection.lock().await;
            if *self.0.is_closed.borrow() {
                return Err(failed(ErrorKind::NotConnected));
            }
            if let Some(open) = &connection.open {
                return Ok((open.clone(), connection.number));
            }
            let open = self.0.server.get_multiplexed_async_connection_with_config(&config).await?;
            connection.open = Some(open.clone());
            connection.number += 1;
            Ok((open, connection.number))
        };
        limited(connect, connect_once).await
    }

    /// A connection of its own that receives the messages of a channel.
    pub(crate) async fn subscribe(&self, channel: &str) -> Result<PubSub, StoreError> {
        let subscribe = async {
            let mut subscription = self.0.server.get_async_pubsub().await?;
            subscription.subscribe(channel).await?;
            Ok(subscription)
        };
        limited(self.0.timeouts.connect, subscribe).await.map_err(store_error)
    }

    pub(crate) fn response_timeout(&self) -> Duration {
        self.0.timeouts.response
    }

    pub(crate) async fn close(&self) {
        self.0.is_closed.send_replace(true);
        self.0.connection.lock().await.open = None;
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
        cmd.arg(script.code().get_hash()).arg(keys.len()).arg(keys);
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
