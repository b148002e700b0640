//! A scripted peer: it logs clients in like a server, and responds to queries as a test says.

use std::collections::VecDeque;
use std::future::ready;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use pbkdf2::pbkdf2_hmac_array;
use punctual_store_kit::{Certificates, HostAddress, Login, Timeouts};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use crate::client::Client;
use crate::config::Options;
use crate::layout::Tables;
use crate::stream::Stream;

/// The password of the user `mailer`.
pub(crate) const PASSWORD: &str = "hunter2";

/// The timeout of clients, for tests that wait for it.
pub(crate) const SHORT: Duration = Duration::from_millis(100);

/// The timeout of other clients.
const LONG: Duration = Duration::from_secs(60);

/// What the peer does after it has received a query.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// Responds to it.
    Respond(Value),
    /// Sends these bytes.
    Bytes(Vec<u8>),
    /// Closes the connection.
    Close,
    /// Does nothing.
    Ignore,
    /// Responds when it is told to.
    Later(Arc<Notify>, Value),
}

impl Reply {
    /// A response with a value.
    pub(crate) fn value(value: Value) -> Self {
        Self::Respond(json!({ "t": 1, "r": [value] }))
    }

    /// A part of the rows, after which there are others.
    pub(crate) fn part(rows: Value) -> Self {
        Self::Respond(json!({ "t": 3, "r": rows }))
    }

    /// The last rows.
    pub(crate) fn rest(rows: Value) -> Self {
        Self::Respond(json!({ "t": 2, "r": rows }))
    }
}

/// A server in this process.
#[derive(Clone)]
pub(crate) struct Peer {
    pub(crate) address: HostAddress,
    script: Arc<Mutex<Script>>,
}

#[derive(Default)]
struct Script {
    /// The next replies, in their order.
    replies: VecDeque<Reply>,
    /// The queries that were received, with their numbers.
    queries: Vec<(u64, Value)>,
    connections: usize,
}

impl Peer {
    /// Starts a peer on a free port.
    pub(crate) async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self::start_with(replies, |client| ready(Some(Box::new(client) as Stream))).await
    }

    /// Starts a peer that encrypts its connections, or does something else with them first.
    pub(crate) async fn start_with<F>(
        replies: impl IntoIterator<Item = Reply>,
        accept: impl Fn(TcpStream) -> F + Clone + Send + 'static,
    ) -> Self
    where
        F: Future<Output = Option<Stream>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let peer =
            Self { address: HostAddress::new("127.0.0.1", port).unwrap(), script: Arc::default() };
        peer.say(replies);
        let server = peer.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = server.clone();
                server.script.lock().unwrap().connections += 1;
                let client = accept(client);
                tokio::spawn(async move { server.serve(client.await?).await });
            }
        });
        peer
    }

    /// Adds replies.
    pub(crate) fn say(&self, replies: impl IntoIterator<Item = Reply>) {
        self.script.lock().unwrap().replies.extend(replies);
    }

    /// The queries since the last call, with their numbers.
    pub(crate) fn queries(&self) -> Vec<(u64, Value)> {
        std::mem::take(&mut self.script.lock().unwrap().queries)
    }

    /// The number of connections that were opened.
    pub(crate) fn connections(&self) -> usize {
        self.script.lock().unwrap().connections
    }

    async fn serve(&self, client: Stream) -> Option<()> {
        let mut client = BufReader::new(client);
        log_in(&mut client).await?;
        loop {
            let query = client.read_u64_le().await.ok()?;
            let length = client.read_u32_le().await.ok()?;
            let mut text = vec![0; length as usize];
            client.read_exact(&mut text).await.ok()?;
            let reply = {
                let mut script = self.script.lock().unwrap();
                script.queries.push((query, serde_json::from_slice(&text).unwrap()));
                script.replies.pop_front().unwrap_or(Reply::Ignore)
            };
            let bytes = match reply {
                Reply::Respond(response) => frame(query, response.to_string().as_bytes()),
                Reply::Bytes(bytes) => bytes,
                Reply::Close => return None,
                Reply::Ignore => continue,
                Reply::Later(told, response) => {
                    told.notified().await;
                    frame(query, response.to_string().as_bytes())
                }
            };
            client.write_all(&bytes).await.ok()?;
        }
    }
}

/// The bytes of a response.
pub(crate) fn frame(query: u64, text: &[u8]) -> Vec<u8> {
    let length = u32::try_from(text.len()).unwrap();
    [&query.to_le_bytes(), &length.to_le_bytes()[..], text].concat()
}

async fn read(client: &mut BufReader<Stream>) -> Option<Value> {
    let mut message = Vec::new();
    client.read_until(0, &mut message).await.ok()?;
    message.pop()?;
    serde_json::from_slice(&message).ok()
}

async fn write(client: &mut BufReader<Stream>, message: Value) -> Option<()> {
    client.write_all(format!("{message}\0").as_bytes()).await.ok()
}

fn sign(key: &[u8], text: &str) -> Vec<u8> {
    let mut signature = Hmac::<Sha256>::new_from_slice(key).unwrap();
    signature.update(text.as_bytes());
    signature.finalize().into_bytes().to_vec()
}

/// The server's side of the handshake.
async fn log_in(client: &mut BufReader<Stream>) -> Option<()> {
    let is_client = client.read_u32_le().await.ok()? == 0x34c2_bdc3;
    is_client.then_some(())?;
    let versions = json!({
        "success": true, "min_protocol_version": 0, "max_protocol_version": 0, "server_version": "2.4.4"
    });
    write(client, versions).await?;
    let first = read(client).await?;
    let first = first["authentication"].as_str()?.strip_prefix("n,,")?.to_owned();
    let nonce = format!("{}server", first.split_once(",r=")?.1);
    let challenge = format!("r={nonce},s={},i=2", STANDARD.encode("salt"));
    write(client, json!({ "success": true, "authentication": challenge })).await?;
    let last = read(client).await?;
    let (last, proof) = last["authentication"].as_str()?.split_once(",p=")?;
    let signed = format!("{first},{challenge},{last}");
    let salted: [u8; 32] = pbkdf2_hmac_array::<Sha256, 32>(PASSWORD.as_bytes(), b"salt", 2);
    let client_key = sign(&salted, "Client Key");
    let signature = sign(&Sha256::digest(&client_key), &signed);
    let expected: Vec<u8> = client_key.iter().zip(signature).map(|(a, b)| a ^ b).collect();
    if first.split_once(',')?.0 != "n=mailer" || STANDARD.decode(proof).ok()? != expected {
        let message = json!({ "success": false, "error": "Wrong password", "error_code": 12 });
        return write(client, message).await.and(None);
    }
    let signature = STANDARD.encode(sign(&sign(&salted, "Server Key"), &signed));
    write(client, json!({ "success": true, "authentication": format!("v={signature}") })).await
}

/// A client of these servers that waits a long time, or a short one.
pub(crate) fn client(servers: &[&Peer], password: &str, is_short: bool) -> Client {
    client_of(servers.iter().map(|peer| peer.address.clone()).collect(), password, is_short)
}

pub(crate) fn client_of(servers: Vec<HostAddress>, password: &str, is_short: bool) -> Client {
    Client::new(&options(servers, password, is_short, None)).unwrap()
}

pub(crate) fn options(
    servers: Vec<HostAddress>,
    password: &str,
    is_short: bool,
    tls: Option<Certificates>,
) -> Options {
    let limit = if is_short { SHORT } else { LONG };
    Options {
        servers,
        login: Login { name: "mailer".into(), password: password.into() },
        tls,
        tables: Tables::new("mail".into(), "punctual_", None).unwrap(),
        timeouts: Timeouts { connect: limit, response: limit },
        make_tables: true,
    }
}
