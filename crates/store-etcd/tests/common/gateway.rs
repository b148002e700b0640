//! Requests to a server by its JSON gateway, independent of the client of the store.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A server.
#[derive(Clone, Debug)]
pub(crate) struct Gateway {
    /// `HOST:PORT`.
    address: String,
    token: Option<String>,
}

impl Gateway {
    /// The first server of a URL without a login.
    pub(crate) fn of(url: &str) -> Self {
        let address = url.split("://").nth(1).and_then(|rest| rest.split(['/', ',']).next());
        Self { address: address.expect("an address").to_owned(), token: None }
    }

    /// Requests with the token of a login.
    pub(crate) fn with_token(mut self, token: String) -> Self {
        self.token = Some(token);
        self
    }

    /// Sends a request, and returns the response, or `None` if the connection fails.
    pub(crate) async fn try_post(&self, path: &str, body: &Value) -> Option<Value> {
        let body = body.to_string();
        let login = self.token.iter().map(|token| format!("Authorization: {token}\r\n"));
        let request = format!(
            "POST /v3/{path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{}Content-Length: {}\r\n\r\n{body}",
            self.address,
            login.collect::<String>(),
            body.len()
        );
        let mut connection = TcpStream::connect(&self.address).await.ok()?;
        connection.write_all(request.as_bytes()).await.ok()?;
        let mut response = Vec::new();
        connection.read_to_end(&mut response).await.ok()?;
        let response = String::from_utf8(response).expect("UTF-8");
        let (head, body) = response.split_once("\r\n\r\n")?;
        let body = match head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
            true => joined(body),
            false => body.to_owned(),
        };
        Some(serde_json::from_str(&body).unwrap_or_else(|error| panic!("{error}: {body}")))
    }

    /// Sends a request that must succeed.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        let response = self.try_post(path, &body).await.expect("a response");
        assert!(response.get("error").is_none(), "{path} {body}: {response}");
        response
    }

    pub(crate) async fn put(&self, key: &str, value: &str) {
        self.post("kv/put", json!({ "key": encode(key), "value": encode(value) })).await;
    }

    pub(crate) async fn delete(&self, key: &str) {
        self.post("kv/deleterange", json!({ "key": encode(key) })).await;
    }

    pub(crate) async fn delete_all(&self, prefix: &str) {
        let (key, range_end) = (encode(prefix), encode(&end(prefix)));
        self.post("kv/deleterange", json!({ "key": key, "range_end": range_end })).await;
    }

    pub(crate) async fn get(&self, key: &str) -> Option<String> {
        let found = self.post("kv/range", json!({ "key": encode(key) })).await;
        Some(decode(&found["kvs"].get(0)?["value"]))
    }

    /// The keys that begin with a prefix.
    pub(crate) async fn keys(&self, prefix: &str) -> Vec<String> {
        let (key, range_end) = (encode(prefix), encode(&end(prefix)));
        let request = json!({ "key": key, "range_end": range_end, "keys_only": true });
        let found = self.post("kv/range", request).await;
        let keys = found["kvs"].as_array().cloned().unwrap_or_default();
        keys.iter().map(|kv| decode(&kv["key"])).collect()
    }

    /// The revision of the last change of a key; 0 if there is none.
    pub(crate) async fn revision_of(&self, key: &str) -> i64 {
        let found = self.post("kv/range", json!({ "key": encode(key) })).await;
        found["kvs"][0]["mod_revision"]
            .as_str()
            .map_or(0, |revision| revision.parse().expect("a number"))
    }

    /// The current revision.
    pub(crate) async fn revision(&self) -> i64 {
        let response = self.post("kv/range", json!({ "key": encode("x") })).await;
        let revision = response["header"]["revision"].as_str().expect("a revision");
        revision.parse().expect("a number")
    }
}

/// The end of the keys with a prefix, whose last character is followed by another one.
fn end(prefix: &str) -> String {
    let mut prefix = prefix.to_owned();
    let last = prefix.pop().expect("a prefix");
    prefix.push(char::from(u8::try_from(last).expect("ASCII") + 1));
    prefix
}

pub(crate) fn encode(text: &str) -> String {
    STANDARD.encode(text)
}

fn decode(value: &Value) -> String {
    let bytes = STANDARD.decode(value.as_str().unwrap_or_default()).expect("base 64");
    String::from_utf8(bytes).expect("UTF-8")
}

/// The content of a chunked body.
fn joined(mut body: &str) -> String {
    let mut content = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).expect("a size");
        content.push_str(&rest[..size]);
        body = rest[size..].trim_start_matches("\r\n");
        if size == 0 {
            break;
        }
    }
    content
}
