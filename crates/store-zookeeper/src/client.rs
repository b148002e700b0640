//! The session with the servers.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, join_all, select, try_join};
use punctual_core::BatchLimit;
use punctual_store_kit::Login;
use punctual_store_kit::{HostAddress, parts};
use tokio::sync::{Mutex, watch};
use tokio::time::timeout;
use zookeeper_client::{
    Acls, AddWatchMode, Client as Session, CreateMode, Error, MultiReadResult, MultiWriteError,
    PersistentWatcher, SessionState, Stat, StateWatcher,
};

use crate::config::{Options, Timeouts};
use crate::error::RequestError;

/// The limit of one request that reads; the server limits the size of the request, not of the response.
const READS: BatchLimit = BatchLimit { count: 500, bytes: 1 << 18 };

/// A session that all clones share. Requests of concurrent calls are sent without waiting for each other's responses, and executed in
/// the order in which they are sent.
#[derive(Clone)]
pub(crate) struct Client(Arc<Shared>);

struct Shared {
    servers: Vec<HostAddress>,
    login: Option<Login>,
    timeouts: Timeouts,
    state: Mutex<State>,
    is_closed: watch::Sender<bool>,
}

#[derive(Default)]
struct State {
    /// `None` if a session must be opened.
    open: Option<Session>,
    /// The number of sessions that were opened.
    opened: u64,
}

/// What is to be read of a node.
#[derive(Clone, Debug)]
pub(crate) enum Read {
    Data(String),
    Children(String),
}

/// What was read of a node.
#[derive(Debug)]
pub(crate) enum Found {
    Data(Vec<u8>, Stat),
    Children(Vec<String>),
    /// There is no such node.
    Nothing,
}

/// A part of a transaction.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    /// The node must exist, and have this version if one is given.
    Check(String, Option<i32>),
    Create(String, Vec<u8>),
    Set(String, Vec<u8>, Option<i32>),
    Delete(String, Option<i32>),
}

impl Op {
    /// About the number of bytes in a request.
    pub(crate) fn size(&self) -> usize {
        100 + match self {
            Self::Check(path, _) | Self::Delete(path, _) => path.len(),
            Self::Create(path, data) | Self::Set(path, data, _) => path.len() + data.len(),
        }
    }
}

/// The result of a transaction, which is executed as a whole or not at all.
pub(crate) enum Written {
    Done,
    /// The first part whose condition does not hold, and why.
    Failed(usize, Error),
}

impl Client {
    /// Creates a client, which opens a session with the first request.
    pub(crate) fn new(options: &Options) -> Self {
        Self(Arc::new(Shared {
            servers: options.servers.clone(),
            login: options.login.clone(),
            timeouts: options.timeouts,
            state: Mutex::default(),
            is_closed: watch::Sender::new(false),
        }))
    }

    /// Reads nodes in this order: all that was acknowledged before, by any server.
    pub(crate) async fn read(&self, reads: Vec<Read>) -> Result<Vec<Found>, RequestError> {
        if reads.is_empty() {
            return Ok(Vec::new());
        }
        let read = |session: Session| async move {
            // A server may be behind the others. Requests are sent when they are created.
            let sync = session.sync("/");
            let mut requests = Vec::new();
            let size = |read: &Read| match read {
                Read::Data(path) | Read::Children(path) => 100 + path.len(),
            };
            for part in parts(&reads, READS, size) {
                let mut request = session.new_multi_reader();
                for read in part {
                    match read {
                        Read::Data(path) => request.add_get_data(path)?,
                        Read::Children(path) => request.add_get_children(path)?,
                    }
                }
                requests.push(request.commit());
            }
            let (_, responses) = try_join(sync, async { Ok(join_all(requests).await) }).await?;
            let mut found = Vec::with_capacity(reads.len());
            for response in responses {
                for result in response? {
                    found.push(match result {
                        MultiReadResult::Data { data, stat } => Found::Data(data, stat),
                        MultiReadResult::Children { children } => Found::Children(children),
                        MultiReadResult::Error { err: Error::NoNode } => Found::Nothing,
                        MultiReadResult::Error { err } => return Err(err.into()),
                        _ => return Err(unexpected()),
                    });
                }
            }
            if found.len() == reads.len() { Ok(found) } else { Err(unexpected()) }
        };
        self.call(read).await
    }

    /// Executes a transaction.
    pub(crate) async fn write(&self, ops: Vec<Op>) -> Result<Written, RequestError> {
        let acls = self.acls();
        let write = |session: Session| async move {
            let mut request = session.new_multi_writer();
            let options = CreateMode::Persistent.with_acls(acls);
            for op in &ops {
                match op {
                    Op::Check(path, version) => {
                        request.add_check_version(path, version.unwrap_or(-1))?
                    }
                    Op::Create(path, data) => request.add_create(path, data, &options)?,
                    Op::Set(path, data, version) => request.add_set_data(path, data, *version)?,
                    Op::Delete(path, version) => request.add_delete(path, *version)?,
                }
            }
            match request.commit().await {
                Ok(_) => Ok(Written::Done),
                Err(MultiWriteError::OperationFailed {
                    index,
                    source: source @ (Error::NoNode | Error::NodeExists | Error::BadVersion),
                }) => Ok(Written::Failed(index, source)),
                Err(error) => Err(Error::from(error).into()),
            }
        };
        self.call(write).await
    }

    /// Creates nodes without data that may exist, in this order: with `true` those which are deleted when they are empty. A node whose
    /// parent has been deleted is not created.
    pub(crate) async fn create(&self, nodes: Vec<(String, bool)>) -> Result<(), RequestError> {
        let acls = self.acls();
        let create = |session: Session| async move {
            let requests = nodes.iter().map(|(path, is_container)| {
                let mode =
                    if *is_container { CreateMode::Container } else { CreateMode::Persistent };
                session.create(path, b"", &mode.with_acls(acls))
            });
            let requests: Vec<_> = requests.collect();
            for result in join_all(requests).await {
                match result {
                    Ok(_) | Err(Error::NodeExists | Error::NoNode) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            Ok(())
        };
        self.call(create).await
    }

    /// Whether a node exists, which requires no permission.
    pub(crate) async fn exists(&self, path: String) -> Result<bool, RequestError> {
        self.call(|session| async move { Ok(session.check_stat(&path).await?.is_some()) }).await
    }

    /// Writes a node without data, and returns its state.
    pub(crate) async fn touch(&self, path: String) -> Result<Stat, RequestError> {
        self.call(|session| async move { Ok(session.set_data(&path, b"", None).await?) }).await
    }

    /// Begins to watch the data of a node. After an event of the session the watch must be begun again.
    pub(crate) async fn watch(&self, path: String) -> Result<PersistentWatcher, RequestError> {
        let watch = |session: Session| async move {
            Ok(session.watch(&path, AddWatchMode::Persistent).await?)
        };
        self.call(watch).await
    }

    async fn call<T, F>(&self, work: impl FnOnce(Session) -> F) -> Result<T, RequestError>
    where
        F: Future<Output = Result<T, RequestError>>,
    {
        let (session, number) = self.session().await?;
        // A request that is sent after the connection was lost gets no response. Should it be executed with the next connection,
        // it is one whose outcome is unknown, as after any other failure.
        let lost = disconnected(session.state_watcher());
        let work = async {
            match select(pin!(work(session)), pin!(lost)).await {
                Either::Left((result, _)) => result,
                Either::Right(_) => Err(Error::ConnectionLoss.into()),
            }
        };
        let result = limited(self.0.timeouts.response, work).await;
        if result.as_ref().is_err_and(RequestError::must_reconnect) {
            let mut state = self.0.state.lock().await;
            // Another call may have replaced it.
            if state.opened == number {
                state.open = None;
            }
        }
        result
    }

    /// Replaces the session, because a watch was told that it has no connection.
    pub(crate) async fn reconnect(&self) {
        let mut state = self.0.state.lock().await;
        if state.open.as_ref().is_some_and(|session| !is_connected(session)) {
            state.open = None;
        }
    }

    /// The current session and its number. Nothing depends on a session, so one that has lost its connection is replaced: requests
    /// would wait for the next connection, and be executed after their call has failed.
    async fn session(&self) -> Result<(Session, u64), RequestError> {
        // Calls wait for one of them to connect.
        let connect_once = async {
            let mut state = self.0.state.lock().await;
            if *self.0.is_closed.borrow() {
                return Err(RequestError::Unavailable("the job store has been shut down"));
            }
            if let Some(session) = state.open.as_ref().filter(|session| is_connected(session)) {
                return Ok((session.clone(), state.opened));
            }
            state.open = None;
            let session = self.connect().await?;
            state.opened += 1;
            state.open = Some(session.clone());
            Ok((session, state.opened))
        };
        let servers = u32::try_from(self.0.servers.len()).unwrap_or(u32::MAX);
        limited(self.0.timeouts.connect.saturating_mul(servers), connect_once).await
    }

    /// Opens a session with the first server that responds.
    async fn connect(&self) -> Result<Session, RequestError> {
        let Timeouts { connect, session, .. } = self.0.timeouts;
        let mut connector = Session::connector()
            .with_session_timeout(session)
            // Longer ones are ignored by the client library.
            .with_connection_timeout(connect.min(session * 3 / 5))
            .with_fail_eagerly();
        if let Some(Login { name, password }) = &self.0.login {
            connector = connector.with_auth("digest", format!("{name}:{password}").as_bytes());
        }
        let servers: Vec<_> = self.0.servers.iter().map(ToString::to_string).collect();
        Ok(connector.connect(&servers.join(",")).await?)
    }

    /// Who may use the nodes: with a login its user only.
    fn acls(&self) -> Acls<'static> {
        match self.0.login {
            Some(_) => Acls::creator_all(),
            None => Acls::anyone_all(),
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

impl fmt::Debug for Client {
    /// Omits the servers' addresses and the login.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

/// Waits until a session has no connection.
async fn disconnected(mut states: StateWatcher) {
    while states.state() == SessionState::SyncConnected {
        states.changed().await;
    }
}

fn is_connected(session: &Session) -> bool {
    session.state() == SessionState::SyncConnected
}

fn unexpected() -> RequestError {
    RequestError::Client(Error::MarshallingError)
}

async fn limited<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, RequestError>>,
) -> Result<T, RequestError> {
    timeout(limit, work).await.unwrap_or(Err(RequestError::TimedOut))
}
