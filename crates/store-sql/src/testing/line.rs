//! A server that falls silent, and one that is listened in on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::sync::watch::error::RecvError;

/// As many bytes does it take to ask a connection whether it is good, in the protocols of MySQL and PostgreSQL. sqlx
/// does that whenever it gets one back, and nobody waits for it.
const PING: usize = 5;

/// A way to a server that can be held up.
pub(crate) struct Line {
    pub(crate) port: u16,
    pub(crate) open: watch::Sender<bool>,
    /// How often all that were connected have been lost.
    lost: watch::Sender<usize>,
    /// How often the client has asked for something, after the server had spoken.
    turns: Arc<AtomicUsize>,
}

impl Line {
    pub(crate) async fn to(host: &str, port: u16) -> Self {
        let server = (host.to_owned(), port);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (open, is_open) = watch::channel(true);
        let lost = watch::Sender::new(0);
        let losses = lost.clone();
        let turns = Arc::new(AtomicUsize::new(0));
        let all_turns = Arc::clone(&turns);
        tokio::spawn(async move {
            while let Ok((here, _)) = listener.accept().await {
                let way =
                    Way { open: is_open.clone(), lost: losses.subscribe(), laid: *losses.borrow() };
                let there = TcpStream::connect((&*server.0, server.1)).await;
                let ((from, to), (back, forth)) = (here.into_split(), there.unwrap().into_split());
                let (answered, turns) = (Arc::new(AtomicBool::new(true)), Arc::clone(&all_turns));
                let heard = Arc::clone(&answered);
                let asks = move |bytes| {
                    let is_turn = bytes != PING && answered.swap(false, Ordering::SeqCst);
                    turns.fetch_add(is_turn.into(), Ordering::SeqCst);
                };
                tokio::spawn(carry(from, forth, way.clone(), asks));
                let answers = move |_| heard.store(true, Ordering::SeqCst);
                tokio::spawn(carry(back, to, way, answers));
            }
        });
        Self { port, open, lost, turns }
    }

    /// Nothing comes through any more for those that are connected, and nobody tells them; whoever connects from now
    /// on gets through.
    pub(crate) fn lose(&self) {
        self.lost.send_modify(|lost| *lost += 1);
    }

    /// How many round trips it takes.
    pub(crate) async fn round_trips<T>(&self, work: impl Future<Output = T>) -> (usize, T) {
        let before = self.turns.load(Ordering::SeqCst);
        let answer = work.await;
        (self.turns.load(Ordering::SeqCst) - before, answer)
    }
}

/// Of one connection.
#[derive(Clone)]
struct Way {
    open: watch::Receiver<bool>,
    lost: watch::Receiver<usize>,
    /// How many losses it has not seen.
    laid: usize,
}

impl Way {
    /// Waits until something may pass; for ever on a way that is lost. Fails when the line is gone.
    async fn is_open(&mut self) -> Result<(), RecvError> {
        self.open.wait_for(|open| *open).await?;
        if *self.lost.borrow() != self.laid {
            self.lost.wait_for(|lost| *lost == self.laid).await?;
        }
        Ok(())
    }
}

async fn carry(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut way: Way,
    says: impl Fn(usize) + Send,
) {
    let mut bytes = vec![0; 1 << 16];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        says(count);
        if way.is_open().await.is_err() || to.write_all(&bytes[..count]).await.is_err() {
            return;
        }
    }
}
