//! Queries to a server by the older version 0.4 of the protocol, independent of the client of the store.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};

/// The first bytes of a client that uses version 0.4, and the number of queries in JSON.
const VERSION_0_4: u32 = 0x400c_2d20;
const JSON: u32 = 0x7e69_70c7;

/// A connection of the user `admin`.
#[derive(Debug)]
pub(crate) struct Session(TcpStream);

impl Session {
    /// Connects to the first server of a URL, with its password if there is one.
    pub(crate) fn of(url: &str) -> Self {
        let (_, rest) = url.split_once("://").expect("a URL");
        let authority = rest.split(['/', '?']).next().expect("an authority");
        let (login, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
        let password = login.split_once(':').map_or("", |(_, password)| password);
        let host = hosts.split(',').next().expect("a host");
        let mut stream = TcpStream::connect(host).expect("the server is there");
        let length = u32::try_from(password.len()).expect("a password");
        stream.write_all(&VERSION_0_4.to_le_bytes()).expect("to write");
        stream.write_all(&length.to_le_bytes()).expect("to write");
        stream.write_all(password.as_bytes()).expect("to write");
        stream.write_all(&JSON.to_le_bytes()).expect("to write");
        let mut answer = Vec::new();
        let mut byte = [1];
        while byte[0] != 0 {
            stream.read_exact(&mut byte).expect("to read");
            answer.push(byte[0]);
        }
        assert_eq!(answer, b"SUCCESS\0", "{}", String::from_utf8_lossy(&answer));
        Self(stream)
    }

    /// The value of a term, or an error of the server.
    pub(crate) fn try_run(&mut self, term: &Value) -> Result<Value, String> {
        let query = json!([1, term]).to_string();
        let length = u32::try_from(query.len()).expect("a short query");
        self.0.write_all(&1_u64.to_le_bytes()).expect("to write");
        self.0.write_all(&length.to_le_bytes()).expect("to write");
        self.0.write_all(query.as_bytes()).expect("to write");
        let mut head = [0; 12];
        self.0.read_exact(&mut head).expect("to read");
        let length = u32::from_le_bytes(head[8..].try_into().expect("four bytes"));
        let mut text = vec![0; length as usize];
        self.0.read_exact(&mut text).expect("to read");
        let mut response: Value = serde_json::from_slice(&text).expect("JSON");
        match response["t"].as_u64() {
            Some(1) => Ok(response["r"][0].take()),
            _ => Err(response["r"][0].to_string()),
        }
    }

    /// The value of a term.
    pub(crate) fn run(&mut self, term: Value) -> Value {
        self.try_run(&term).unwrap_or_else(|error| panic!("{term}: {error}"))
    }

    pub(crate) fn drop_database(&mut self, name: &str) {
        self.run(json!([58, [name]]));
    }
}

/// A table.
pub(crate) fn table(database: &str, name: &str) -> Value {
    json!([15, [[14, [database]], name]])
}
