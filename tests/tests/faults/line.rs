//! The line between a store and its server, which can be cut.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use crate::dice::Fault;

/// How long a server may take to answer before the line is cut all the same.
const PATIENCE: Duration = Duration::from_secs(5);

/// Passes on what stores and a server say to each other, on a runtime of its own.
pub(crate) struct Line {
    next: Next,
    _runtime: Runtime,
}

/// When the line is to be cut, if it is, and how many requests may pass before.
type Next = Arc<Mutex<Option<(Fault, usize)>>>;

impl Line {
    /// A line to the server of this URL, and the URL of its other end.
    pub(crate) fn to(url: &str) -> (Self, String) {
        let (_, place) = url.split_once("://").expect("a URL");
        let place = place.split(['/', '?']).next().expect("a place");
        let server = place.rsplit('@').next().expect("a server").to_owned();
        let mut runtime = Builder::new_multi_thread();
        let runtime = runtime.worker_threads(1).enable_all().build().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let here = listener.local_addr().expect("a port").to_string();
        let url = url.replacen(&server, &here, 1);
        let next = Next::default();
        runtime.spawn({
            let next = Arc::clone(&next);
            async move {
                while let Ok((store, _)) = listener.accept().await {
                    let (next, server) = (Arc::clone(&next), server.clone());
                    tokio::spawn(async move {
                        // However it ends, both connections end with it.
                        let _ = connect(store, &server, &next).await;
                    });
                }
            }
        });
        (Self { next, _runtime: runtime }, url)
    }

    /// Cuts the line when so many more requests have passed.
    pub(crate) fn cut(&self, fault: Fault, requests: usize) {
        *self.next.lock().expect("the plan") = Some((fault, requests));
    }

    /// Whether it has been cut since; otherwise it will not be any more.
    pub(crate) fn was_cut(&self) -> bool {
        self.next.lock().expect("the plan").take().is_none()
    }
}

/// A request has come: whether, and when, it is the last.
fn count(next: &Next) -> Option<Fault> {
    let mut next = next.lock().expect("the plan");
    match &mut *next {
        Some((fault, 0)) => {
            let fault = *fault;
            *next = None;
            Some(fault)
        }
        Some((_, requests)) => {
            *requests -= 1;
            None
        }
        None => None,
    }
}

async fn connect(mut store: TcpStream, server: &str, next: &Next) -> io::Result<()> {
    let mut server = TcpStream::connect(server).await?;
    store.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut request, mut answer) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        tokio::select! {
            length = store.read(&mut request) => {
                let request = &request[..length?];
                let fault = count(next);
                match fault {
                    _ if request.is_empty() => return Ok(()),
                    None => server.write_all(request).await?,
                    Some(Fault::Before) => return Ok(()),
                    Some(Fault::During) => return server.write_all(&request[..request.len() / 2]).await,
                    Some(Fault::After) => {
                        server.write_all(request).await?;
                        // Once it answers, it has done it.
                        let _ = timeout(PATIENCE, server.read(&mut answer)).await;
                        return Ok(());
                    }
                }
            }
            length = server.read(&mut answer) => match length? {
                0 => return Ok(()),
                length => store.write_all(&answer[..length]).await?,
            },
        }
    }
}
