//! A TCP proxy between a process and its server that injects network faults.

use std::future::pending;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::timeout;

use crate::held_message::{HeldMessage, HoldState, MessageKind};

/// The handling of traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Everything is forwarded.
    Forward,
    /// Nothing is forwarded. When the proxy forwards again, all pending data are delivered, including those of clients
    /// that have disconnected.
    Stall,
    /// Connections are closed, and new ones are closed immediately.
    Disconnect,
}

/// Forwards data between one process and its server. All connections are closed when it is dropped.
#[derive(Debug)]
pub(crate) struct FaultProxy {
    shared: Arc<Shared>,
    listener: AbortHandle,
    url: String,
}

#[derive(Debug)]
struct Shared {
    server: String,
    mode: watch::Sender<Mode>,
    /// The delay of each request in microseconds.
    delay: AtomicU64,
    hold: Option<Arc<HeldMessage>>,
}

impl FaultProxy {
    /// Starts a proxy to the server of this URL, with an optional message to delay.
    pub(crate) fn to(url: &str, runtime: &Handle, hold: Option<&Arc<HeldMessage>>) -> Self {
        let (_, authority) = url.split_once("://").expect("a URL");
        let authority = authority.split(['/', '?']).next().expect("an authority");
        let server = authority.rsplit('@').next().expect("an address").to_owned();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let here = listener.local_addr().expect("a port").to_string();
        let url = url.replacen(&server, &here, 1);
        let (mode, hold) = (watch::Sender::new(Mode::Forward), hold.cloned());
        let shared = Arc::new(Shared { server, mode, delay: AtomicU64::new(0), hold });
        let listener = runtime.spawn(listen(listener, Arc::clone(&shared))).abort_handle();
        Self { shared, listener, url }
    }

    /// Returns the URL of the proxy.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Delays each request by this duration from now on.
    pub(crate) fn delay(&self, delay: Duration) {
        let micros = u64::try_from(delay.as_micros()).expect("a short delay");
        self.shared.delay.store(micros, Ordering::Relaxed);
    }

    pub(crate) fn set(&self, mode: Mode) {
        self.shared.mode.send_replace(mode);
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        // Both connections are closed however this task ends.
        connections.spawn(connect(client, Arc::clone(&shared)));
        while connections.try_join_next().is_some() {}
    }
}

async fn connect(client: TcpStream, shared: Arc<Shared>) {
    let is_marked = AtomicBool::new(false);
    // Errors of the connection don't matter; it is closed in any case.
    let _ = forward(client, &shared, &is_marked).await;
    if let Some(hold) = shared.hold.as_ref().filter(|_| is_marked.load(Ordering::Acquire)) {
        hold.advance_to(HoldState::Over);
    }
}

async fn forward(client: TcpStream, shared: &Shared, is_marked: &AtomicBool) -> io::Result<()> {
    let passing = async {
        shared.wait_until_forwarding().await;
        let server = TcpStream::connect(&shared.server).await?;
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let ((from_client, to_client), (from_server, to_server)) =
            (client.into_split(), server.into_split());
        tokio::try_join!(
            requests(from_client, to_server, shared, is_marked),
            responses(from_server, to_client, shared, is_marked),
        )?;
        Ok(())
    };
    let mut mode = shared.mode.subscribe();
    tokio::select! {
        // Fails only if the sender was dropped, but `shared` owns it.
        _ = mode.wait_for(|mode| *mode == Mode::Disconnect) => Ok(()),
        done = passing => done,
    }
}

impl Shared {
    async fn wait_until_forwarding(&self) {
        // Fails only if the sender was dropped, but `self` owns it.
        let _ = self.mode.subscribe().wait_for(|mode| *mode == Mode::Forward).await;
    }
}

async fn requests(
    mut client: OwnedReadHalf,
    mut server: OwnedWriteHalf,
    shared: &Shared,
    is_marked: &AtomicBool,
) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        // A connection reset ends the requests like an ordinary close.
        let length = client.read(&mut buffer).await.unwrap_or(0);
        if length == 0 {
            return server.shutdown().await;
        }
        let request = &buffer[..length];
        let delay = Duration::from_micros(shared.delay.load(Ordering::Relaxed));
        if !delay.is_zero() {
            // A network delay is not an event to wait for, so this task sleeps.
            let _ = timeout(delay, pending::<()>()).await;
        }
        let taken = shared.hold.as_ref().and_then(|hold| Some((hold, hold.on_request(request)?)));
        match taken {
            Some((hold, what)) => {
                is_marked.store(true, Ordering::Release);
                if hold.blocks_connection {
                    shared.mode.send_replace(Mode::Stall);
                }
                if what == MessageKind::Request {
                    hold.wait_for(HoldState::Released).await;
                }
                server.write_all(request).await?;
                hold.wait_for(HoldState::Responding).await;
            }
            None => {
                shared.wait_until_forwarding().await;
                server.write_all(request).await?;
            }
        }
    }
}

async fn responses(
    mut server: OwnedReadHalf,
    mut client: OwnedWriteHalf,
    shared: &Shared,
    is_marked: &AtomicBool,
) -> io::Result<()> {
    let mut buffer = vec![0; 1 << 16];
    loop {
        let length = server.read(&mut buffer).await?;
        let hold = shared.hold.as_ref().filter(|_| is_marked.load(Ordering::Acquire));
        if let Some(hold) = hold {
            hold.advance_to(HoldState::Held);
            hold.wait_for(HoldState::Released).await;
            hold.advance_to(HoldState::Responding);
        }
        if length == 0 {
            // Fails if the client has disconnected.
            let _ = client.shutdown().await;
            return Ok(());
        }
        shared.wait_until_forwarding().await;
        // Fails if the client has disconnected; the server has received its requests nevertheless.
        let _ = client.write_all(&buffer[..length]).await;
    }
}
