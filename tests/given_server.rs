//! A server that a variable names, for one test: a database of its own, which is reached by a proxy.
//!
//! The test can't stop the server, which others use, too, but the proxy: what it has acknowledged is kept, and what was not
//! answered may have been executed, as if the server were killed and started again.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

use crate::session::Session;

/// The database and the proxy. The database is dropped with it.
#[derive(Debug)]
pub(crate) struct GivenServer {
    /// The URL of the server itself.
    given: String,
    database: String,
    url: String,
    proxy: Proxy,
}

impl GivenServer {
    pub(crate) fn start(name: &str) -> Self {
        let given = punctual_testkit::server_url(name);
        let (scheme, rest) = given.split_once("://").expect("a URL");
        let authority = rest.split('/').next().expect("an authority");
        let (login, host) = match authority.rsplit_once('@') {
            Some((login, host)) => (format!("{login}@"), host),
            None => (String::new(), authority),
        };
        let proxy = Proxy::to(host);
        let database = format!("test_{:016x}", fastrand::u64(..));
        let url = format!("{scheme}://{login}{}/{database}", proxy.here);
        Self { given, database, url, proxy }
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn is_running(&self) -> bool {
        self.proxy.listener.lock().expect("the listener").is_some()
    }

    pub(crate) fn down(&self) {
        self.proxy.down();
    }

    pub(crate) fn up(&self) {
        self.proxy.up();
    }
}

impl Drop for GivenServer {
    fn drop(&mut self) {
        self.proxy.down();
        // A test may not have created it.
        let _ = Session::of(&self.given).try_run(&serde_json::json!([58, [self.database]]));
    }
}

/// Forwards connections to a server. Its port stays the same.
#[derive(Debug)]
struct Proxy {
    here: SocketAddr,
    server: String,
    /// `None` while connections are refused.
    listener: Mutex<Option<JoinHandle<()>>>,
    connections: Connections,
}

/// Both ends of all connections; `None` while there must be none.
type Connections = Arc<Mutex<Option<Vec<TcpStream>>>>;

impl Proxy {
    fn to(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let here = listener.local_addr().expect("a port");
        let proxy = Self {
            here,
            server: server.to_owned(),
            listener: Mutex::default(),
            connections: Connections::default(),
        };
        proxy.listen(listener);
        proxy
    }

    fn listen(&self, listener: TcpListener) {
        *self.connections.lock().expect("the connections") = Some(Vec::new());
        let (server, connections) = (self.server.clone(), self.connections.clone());
        let accept = move || {
            for client in listener.incoming() {
                let forwarded = client.and_then(|client| forward(client, &server, &connections));
                // It is none any more: the client that has connected is `down`.
                if forwarded.is_ok_and(|is_open| !is_open) {
                    return;
                }
            }
        };
        *self.listener.lock().expect("the listener") = Some(thread::spawn(accept));
    }

    fn up(&self) {
        if self.listener.lock().expect("the listener").is_none() {
            self.listen(TcpListener::bind(self.here).expect("the port is free"));
        }
    }

    fn down(&self) {
        let Some(listener) = self.listener.lock().expect("the listener").take() else { return };
        for connection in
            self.connections.lock().expect("the connections").take().into_iter().flatten()
        {
            // Either end may have closed it.
            let _ = connection.shutdown(Shutdown::Both);
        }
        let _ = TcpStream::connect(self.here);
        listener.join().expect("the listener ends");
    }
}

/// Forwards a connection; false if there must be none.
fn forward(client: TcpStream, server: &str, connections: &Connections) -> io::Result<bool> {
    if connections.lock().expect("the connections").is_none() {
        return Ok(false);
    }
    let server = TcpStream::connect(server)?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let ends = [client.try_clone()?, server.try_clone()?];
    match &mut *connections.lock().expect("the connections") {
        Some(connections) => connections.extend(ends),
        None => return Ok(false),
    }
    for (mut from, mut to) in [(client.try_clone()?, server.try_clone()?), (server, client)] {
        thread::spawn(move || {
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Both);
        });
    }
    Ok(true)
}
