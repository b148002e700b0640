//! A connection to a server: the handshake of version 1.0, queries and their responses.

use std::fmt;

use punctual_store_kit::{HostAddress, Login};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use uuid::Uuid;

use crate::error::RequestError;
use crate::reql::Term;
use crate::scram::Begun;
use crate::stream::Stream;
use crate::tls::{self, Tls};

/// The first bytes of a client that uses version 1.0 of the protocol.
const VERSION_1_0: [u8; 4] = 0x34c2_bdc3_u32.to_le_bytes();

/// The largest message of the handshake, which has less than 500 bytes.
const MAX_HANDSHAKE: u64 = 4 << 10;

/// The largest response. The server sends a cursor in parts of 8 MiB.
const MAX_RESPONSE: u32 = 128 << 20;

/// The options of all queries: parts of cursors are large, the first one, too, so that most results have one part; and
/// arrays may be longer than by default.
const OPTIONS: &str = r#"{"max_batch_rows":100000,"max_batch_bytes":8388608,"first_batch_scaledown_factor":1,"array_limit":1000000}"#;

/// The size of the buffer for reading.
const BUFFER: usize = 64 << 10;

/// An open connection. A future that is dropped before it is ready may leave it between two messages, so that it can't be
/// used any more.
pub(crate) struct Connection {
    stream: BufReader<Stream>,
    /// That of the server.
    version: String,
    /// The number of the last query.
    last_query: u64,
}

/// The response to a query.
#[derive(Debug)]
pub(crate) struct Response {
    /// The number of the query.
    pub(crate) query: u64,
    /// The single value, or some of the rows.
    pub(crate) rows: Vec<Box<RawValue>>,
    /// Whether more rows can be requested.
    pub(crate) has_more: bool,
    /// The number of bytes.
    pub(crate) size: usize,
}

/// What follows in a query after its number and its length.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Request<'t> {
    Start(&'t Term),
    Continue,
    Stop,
}

impl Connection {
    /// Connects and logs in.
    pub(crate) async fn open(
        server: &HostAddress,
        tls: Option<&Tls>,
        login: &Login,
    ) -> Result<Self, RequestError> {
        let stream = TcpStream::connect(server.to_string()).await?;
        stream.set_nodelay(true)?;
        let stream: Stream = match tls {
            None => Box::new(stream),
            Some(tls) => tls::encrypt(tls, &server.host, stream).await?,
        };
        Self::over(stream, login, Uuid::new_v4().simple().to_string()).await
    }

    /// Logs in. The nonce must be random.
    pub(crate) async fn over(
        stream: Stream,
        login: &Login,
        nonce: String,
    ) -> Result<Self, RequestError> {
        let stream = BufReader::with_capacity(BUFFER, stream);
        let mut connection = Self { stream, version: String::new(), last_query: 0 };
        connection.log_in(login, nonce).await?;
        Ok(connection)
    }

    async fn log_in(&mut self, login: &Login, nonce: String) -> Result<(), RequestError> {
        let begun = Begun::new(login, nonce);
        let first = json!({
            "protocol_version": 0,
            "authentication_method": "SCRAM-SHA-256",
            "authentication": begun.message(),
        });
        // The server sends its version without waiting for the first message, and the client doesn't wait for it.
        self.stream.write_all(&VERSION_1_0).await?;
        self.say(&first).await?;
        self.version = self.heard().await?.server_version.unwrap_or_default();
        let response = self.heard().await?.authentication.unwrap_or_default();
        let (proven, last) = begun
            .prove(&response)
            .ok_or(RequestError::Garbage("an invalid message of the login"))?;
        self.say(&json!({ "authentication": last })).await?;
        let response = self.heard().await?.authentication.unwrap_or_default();
        match proven.is_answered_by(&response) {
            true => Ok(()),
            false => Err(RequestError::Garbage("the server does not know the password")),
        }
    }

    /// Sends a message of the handshake.
    async fn say(&mut self, message: &serde_json::Value) -> Result<(), RequestError> {
        let mut message = message.to_string().into_bytes();
        message.push(0);
        self.stream.write_all(&message).await?;
        Ok(self.stream.flush().await?)
    }

    /// Reads a message of the handshake.
    async fn heard(&mut self) -> Result<Heard, RequestError> {
        let mut message = Vec::new();
        (&mut self.stream).take(MAX_HANDSHAKE).read_until(0, &mut message).await?;
        if message.is_empty() {
            return Err(RequestError::Unreachable("the server has closed the connection".into()));
        }
        if message.pop() != Some(0) {
            return Err(RequestError::Garbage("a message of the login has no end"));
        }
        let heard: Heard = serde_json::from_slice(&message)
            .map_err(|_| RequestError::Garbage("a message of the login is not JSON"))?;
        match heard.success {
            true => Ok(heard),
            false => Err(RequestError::Rejected {
                code: heard.error_code.unwrap_or_default(),
                message: heard.error.unwrap_or_default(),
            }),
        }
    }

    /// The version of the server, such as `2.4.4`.
    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// Sends a query, and returns its number.
    pub(crate) async fn start(&mut self, term: &Term) -> Result<u64, RequestError> {
        self.last_query += 1;
        self.send(self.last_query, Request::Start(term)).await?;
        Ok(self.last_query)
    }

    /// Sends a query, or a request that concerns one.
    pub(crate) async fn send(
        &mut self,
        query: u64,
        request: Request<'_>,
    ) -> Result<(), RequestError> {
        let text = match request {
            Request::Start(term) => format!("[1,{term},{OPTIONS}]"),
            Request::Continue => "[2]".into(),
            Request::Stop => "[3]".into(),
        };
        let length = u32::try_from(text.len()).map_err(|_| RequestError::Query {
            code: None,
            message: "a query is larger than 4 GiB".into(),
        })?;
        let mut bytes = Vec::with_capacity(text.len() + 12);
        bytes.extend(query.to_le_bytes());
        bytes.extend(length.to_le_bytes());
        bytes.extend(text.into_bytes());
        self.stream.write_all(&bytes).await?;
        Ok(self.stream.flush().await?)
    }

    /// Waits until there is a part of a response. Nothing is lost if the future is dropped.
    pub(crate) async fn readable(&mut self) -> Result<(), RequestError> {
        match self.stream.fill_buf().await?.is_empty() {
            false => Ok(()),
            true => Err(RequestError::Unreachable("the server has closed the connection".into())),
        }
    }

    /// Reads the next response.
    pub(crate) async fn receive(&mut self) -> Result<Response, RequestError> {
        let query = self.stream.read_u64_le().await?;
        let length = self.stream.read_u32_le().await?;
        if length > MAX_RESPONSE {
            return Err(RequestError::Garbage("a response is too large"));
        }
        // Grows with what arrives, not with what is announced.
        let mut text = Vec::new();
        let size = (&mut self.stream).take(length.into()).read_to_end(&mut text).await?;
        if size < length as usize {
            return Err(RequestError::Unreachable("the server has closed the connection".into()));
        }
        Response::parse(query, &text)
    }

    /// Reads the response to the only query whose response is outstanding.
    pub(crate) async fn receive_of(&mut self, query: u64) -> Result<Response, RequestError> {
        let response = self.receive().await?;
        match response.query == query {
            true => Ok(response),
            false => Err(RequestError::Garbage("a response belongs to no query")),
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}

/// A message of the handshake.
#[derive(Deserialize)]
struct Heard {
    success: bool,
    server_version: Option<String>,
    authentication: Option<String>,
    error: Option<String>,
    error_code: Option<u32>,
}

/// The kinds of responses.
const ATOM: u32 = 1;
const SEQUENCE: u32 = 2;
const PARTIAL: u32 = 3;

#[derive(Deserialize)]
struct Parsed {
    #[serde(rename = "t")]
    kind: u32,
    #[serde(rename = "r")]
    rows: Vec<Box<RawValue>>,
    #[serde(rename = "e")]
    error: Option<u32>,
}

impl Response {
    fn parse(query: u64, text: &[u8]) -> Result<Self, RequestError> {
        let Parsed { kind, rows, error } = serde_json::from_slice(text)
            .map_err(|_| RequestError::Garbage("a response is not valid JSON"))?;
        match kind {
            ATOM | SEQUENCE | PARTIAL => {
                Ok(Self { query, rows, has_more: kind == PARTIAL, size: text.len() })
            }
            _ => {
                let message = rows.first().and_then(|row| serde_json::from_str(row.get()).ok());
                Err(RequestError::Query { code: error, message: message.unwrap_or_default() })
            }
        }
    }
}
