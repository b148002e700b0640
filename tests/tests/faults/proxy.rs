//! A TCP proxy between a store and its server, which can close the connections.

use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;

use crate::fault_injector::Fault;

/// How long the proxy waits for a response before it closes the connection anyway. Packets such as the acknowledgements of
/// HTTP/2 have no response.
const TIMEOUT: Duration = Duration::from_millis(500);

/// Forwards data between stores and a server, on a separate runtime.
pub(crate) struct FaultProxy {
    next: PlannedFault,
    _runtime: Runtime,
}

/// The fault of the next closed connection and the number of requests that pass before it; `None` if nothing is
/// planned.
type PlannedFault = Arc<Mutex<Option<(Fault, usize)>>>;

impl FaultProxy {
    /// Starts a proxy to the server of this URL; returns it with the URL of the proxy.
    pub(crate) fn to(url: &str) -> (Self, String) {
        let (_, authority) = url.split_once("://").expect("a URL");
        let authority = authority.split(['/', '?']).next().expect("an authority");
        let server = authority.rsplit('@').next().expect("an address").to_owned();
        let mut runtime = Builder::new_multi_thread();
        let runtime = runtime.worker_threads(1).enable_all().build().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let here = listener.local_addr().expect("a port").to_string();
        let url = url.replacen(&server, &here, 1);
        let next = PlannedFault::default();
        runtime.spawn({
            let next = Arc::clone(&next);
            async move {
                while let Ok((store, _)) = listener.accept().await {
                    let (next, server) = (Arc::clone(&next), server.clone());
                    tokio::spawn(async move {
                        // Both connections are closed however this task ends.
                        let _ = connect(store, &server, &next).await;
                    });
                }
            }
        });
        (Self { next, _runtime: runtime }, url)
    }

    /// Closes the connection after `requests` more requests.
    pub(crate) fn close(&self, fault: Fault, requests: usize) {
        *self.next.lock().expect("the plan") = Some((fault, requests));
    }

    /// Returns whether the connection has been closed since then; if not, cancels the planned fault.
    pub(crate) fn was_closed(&self) -> bool {
        self.next.lock().expect("the plan").take().is_none()
    }
}

/// Counts a request; returns the fault if the connection is to be closed with this request.
fn count(next: &PlannedFault) -> Option<Fault> {
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

async fn connect(mut store: TcpStream, server: &str, next: &PlannedFault) -> io::Result<()> {
    let mut server = TcpStream::connect(server).await?;
    store.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let (mut request, mut response) = (vec![0; 1 << 16], vec![0; 1 << 16]);
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
                        // The response shows that the request was applied.
                        let _ = timeout(TIMEOUT, server.read(&mut response)).await;
                        return Ok(());
                    }
                }
            }
            length = server.read(&mut response) => match length? {
                0 => return Ok(()),
                length => store.write_all(&response[..length]).await?,
            },
        }
    }
}
