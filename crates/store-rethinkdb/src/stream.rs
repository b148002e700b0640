//! The bytes of a connection, which may be encrypted.

use tokio::io::{AsyncRead, AsyncWrite};

/// The encrypted or unencrypted bytes.
pub(crate) type Stream = Box<dyn ByteStream>;

/// What a connection needs of its bytes.
pub(crate) trait ByteStream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Sync + Unpin> ByteStream for S {}
