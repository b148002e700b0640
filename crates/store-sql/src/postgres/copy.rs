//! Rows in the binary format of `COPY`; see "Binary Format" in
//! <https://www.postgresql.org/docs/current/sql-copy.html>.

use sqlx::PgConnection;
use sqlx::postgres::PgCopyIn;

/// The bytes that are collected before they are sent, so that the server inserts rows while others are being encoded.
const BUFFERED: usize = 64 << 10;

/// The signature, no flags, and no header extension.
const HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// Where the number of columns of another row would be.
const TRAILER: [u8; 2] = (-1_i16).to_be_bytes();
/// The length of NULL.
const NULL: [u8; 4] = (-1_i32).to_be_bytes();

/// A `COPY` in progress.
pub(super) struct CopyRows<'c> {
    copy: PgCopyIn<&'c mut PgConnection>,
    buffer: Vec<u8>,
}

impl<'c> CopyRows<'c> {
    /// Begins a `COPY .. FROM STDIN WITH (FORMAT binary)`.
    pub(super) async fn begin(
        connection: &'c mut PgConnection,
        statement: &str,
    ) -> Result<Self, sqlx::Error> {
        let copy = connection.copy_in_raw(statement).await?;
        let mut buffer = Vec::with_capacity(2 * BUFFERED);
        buffer.extend_from_slice(HEADER);
        Ok(Self { copy, buffer })
    }

    /// Adds a row with the values of all columns.
    pub(super) async fn row<const N: usize>(
        &mut self,
        values: [CopyValue<'_>; N],
    ) -> Result<(), sqlx::Error> {
        self.buffer.extend_from_slice(&(N as i16).to_be_bytes());
        for value in values {
            value.encode(&mut self.buffer);
        }
        if self.buffer.len() >= BUFFERED {
            self.copy.send(self.buffer.as_slice()).await?;
            self.buffer.clear();
        }
        Ok(())
    }

    /// Ends the statement. Only its response tells whether the server has accepted the rows.
    pub(super) async fn finish(mut self) -> Result<(), sqlx::Error> {
        self.buffer.extend_from_slice(&TRAILER);
        self.copy.send(self.buffer.as_slice()).await?;
        self.copy.finish().await.map(drop)
    }
}

/// A value of a column.
#[derive(Clone, Copy)]
pub(super) enum CopyValue<'a> {
    /// A `text` or `bytea`, at most 1 GB.
    Bytes(&'a [u8]),
    /// A `bigint`.
    Int(Option<i64>),
}

impl CopyValue<'_> {
    fn encode(self, buffer: &mut Vec<u8>) {
        match self {
            Self::Bytes(bytes) => {
                buffer.extend_from_slice(&(bytes.len() as i32).to_be_bytes());
                buffer.extend_from_slice(bytes);
            }
            Self::Int(Some(number)) => {
                buffer.extend_from_slice(&8_i32.to_be_bytes());
                buffer.extend_from_slice(&number.to_be_bytes());
            }
            Self::Int(None) => buffer.extend_from_slice(&NULL),
        }
    }
}
