//! Messages of MongoDB's wire protocol: `OP_MSG`, and `OP_QUERY`, by which some connections begin.

use std::io;

use mongodb::bson::{Bson, Document, RawDocumentBuf};
use tokio::io::{AsyncRead, AsyncReadExt};

const OP_REPLY: i32 = 1;
const OP_QUERY: i32 = 2004;
const OP_MSG: i32 = 2013;

/// A request, with the bytes that a proxy forwards.
pub(crate) struct Request {
    pub(crate) bytes: Vec<u8>,
    pub(crate) command: Document,
    id: i32,
    opcode: i32,
}

fn number(bytes: &[u8], at: usize) -> i32 {
    i32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn document(bytes: &[u8]) -> (Document, &[u8]) {
    let length = usize::try_from(number(bytes, 0)).expect("a length");
    let (document, rest) = bytes.split_at(length);
    let document = RawDocumentBuf::from_bytes(document.to_vec()).expect("BSON");
    (Document::try_from(document).expect("BSON"), rest)
}

/// The bytes before and after the next zero.
fn text(bytes: &[u8]) -> (String, &[u8]) {
    let end = bytes.iter().position(|byte| *byte == 0).expect("the end of a text");
    (String::from_utf8(bytes[..end].to_vec()).expect("a text"), &bytes[end + 1..])
}

impl Request {
    /// Reads the next request; `None` if the connection was closed.
    pub(crate) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Self>> {
        let mut bytes = vec![0; 16];
        if stream.read_exact(&mut bytes).await.is_err() {
            return Ok(None);
        }
        bytes.resize(usize::try_from(number(&bytes, 0)).expect("a length"), 0);
        stream.read_exact(&mut bytes[16..]).await?;
        let (id, opcode) = (number(&bytes, 4), number(&bytes, 12));
        let command = match opcode {
            OP_QUERY => document(&text(&bytes[20..]).1[8..]).0,
            OP_MSG => sections(&bytes[20..]),
            _ => panic!("operation {opcode} is unknown"),
        };
        Ok(Some(Self { bytes, command, id, opcode }))
    }

    /// The name of the command.
    pub(crate) fn name(&self) -> &str {
        self.command.keys().next().expect("a command")
    }

    /// The bytes of the response.
    pub(crate) fn response(&self, response: &Document) -> Vec<u8> {
        let (opcode, head) = match self.opcode {
            OP_QUERY => {
                let numbers = [8, 0, 0, 0, 1_i32];
                (OP_REPLY, numbers.iter().flat_map(|number| number.to_le_bytes()).collect())
            }
            _ => (OP_MSG, vec![0; 5]),
        };
        let body = response.to_vec().expect("BSON");
        let length = i32::try_from(16 + head.len() + body.len()).expect("a short response");
        let header = [length, 1, self.id, opcode];
        let header = header.iter().flat_map(|number| number.to_le_bytes());
        header.chain(head).chain(body).collect()
    }
}

/// The document of a message, with its sequences of documents as arrays.
fn sections(mut bytes: &[u8]) -> Document {
    let (mut body, mut sequences) = (Document::new(), Vec::new());
    while let Some((kind, rest)) = bytes.split_first() {
        if *kind == 0 {
            (body, bytes) = document(rest);
        } else {
            let (sequence, after) =
                rest.split_at(usize::try_from(number(rest, 0)).expect("a size"));
            let (name, mut left) = text(&sequence[4..]);
            let mut documents = Vec::new();
            while !left.is_empty() {
                let (next, after) = document(left);
                documents.push(Bson::Document(next));
                left = after;
            }
            sequences.push((name, documents));
            bytes = after;
        }
    }
    body.extend(sequences.into_iter().map(|(name, documents)| (name, Bson::Array(documents))));
    body
}
