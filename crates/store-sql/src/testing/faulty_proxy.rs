//! A TCP proxy that can stall or drop traffic, and counts round trips.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::sync::watch::error::RecvError;

/// The size of a ping in the protocols of MySQL and PostgreSQL. sqlx pings every connection that is returned to the
/// pool; no call waits for that, so it is not counted.
const PING: usize = 5;

/// A proxy in front of a server.
pub(crate) struct FaultyProxy {
    pub(crate) port: u16,
    pub(crate) open: watch::Sender<bool>,
    /// The number of times that all connections were dropped.
    lost: watch::Sender<usize>,
    /// The number of requests that the client sent after a response of the server.
    round_trips: Arc<AtomicUsize>,
}

impl FaultyProxy {
    pub(crate) async fn to(host: &str, port: u16) -> Self {
        let server = (host.to_owned(), port);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (open, is_open) = watch::channel(true);
        let lost = watch::Sender::new(0);
        let losses = lost.clone();
        let round_trips = Arc::new(AtomicUsize::new(0));
        let all_round_trips = Arc::clone(&round_trips);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let connection = ProxiedConnection {
                    open: is_open.clone(),
                    lost: losses.subscribe(),
                    losses_at_connect: *losses.borrow(),
                };
                let upstream = TcpStream::connect((&*server.0, server.1)).await;
                let ((from, to), (back, forth)) =
                    (client.into_split(), upstream.unwrap().into_split());
                let (responded, round_trips) =
                    (Arc::new(AtomicBool::new(true)), Arc::clone(&all_round_trips));
                let has_responded = Arc::clone(&responded);
                let on_request = move |bytes| {
                    let is_round_trip = bytes != PING && responded.swap(false, Ordering::SeqCst);
                    round_trips.fetch_add(is_round_trip.into(), Ordering::SeqCst);
                };
                tokio::spawn(forward(from, forth, connection.clone(), on_request));
                let on_response = move |_| has_responded.store(true, Ordering::SeqCst);
                tokio::spawn(forward(back, to, connection, on_response));
            }
        });
        Self { port, open, lost, round_trips }
    }

    /// Silently drops the traffic of all current connections, without closing them. New connections work.
    pub(crate) fn lose(&self) {
        self.lost.send_modify(|lost| *lost += 1);
    }

    /// Returns the number of round trips of `work`, and its output.
    pub(crate) async fn count_round_trips<T>(&self, work: impl Future<Output = T>) -> (usize, T) {
        let before = self.round_trips.load(Ordering::SeqCst);
        let output = work.await;
        (self.round_trips.load(Ordering::SeqCst) - before, output)
    }
}

/// A connection through the proxy.
#[derive(Clone)]
struct ProxiedConnection {
    open: watch::Receiver<bool>,
    lost: watch::Receiver<usize>,
    /// The number of losses when the connection was opened.
    losses_at_connect: usize,
}

impl ProxiedConnection {
    /// Waits until traffic may pass; forever on a lost connection. Fails when the proxy is dropped.
    async fn is_open(&mut self) -> Result<(), RecvError> {
        self.open.wait_for(|open| *open).await?;
        if *self.lost.borrow() != self.losses_at_connect {
            self.lost.wait_for(|lost| *lost == self.losses_at_connect).await?;
        }
        Ok(())
    }
}

async fn forward(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut connection: ProxiedConnection,
    on_bytes: impl Fn(usize) + Send,
) {
    let mut bytes = vec![0; 1 << 16];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        on_bytes(count);
        if connection.is_open().await.is_err() || to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}
