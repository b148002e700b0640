//! The validated options.

use punctual_store_kit::{Certificates, HostAddress, Login, Timeouts};

use crate::layout::Keys;

/// The validated options.
pub(crate) struct Options {
    /// At least one.
    pub(crate) servers: Vec<HostAddress>,
    pub(crate) login: Option<Login>,
    /// `None` for connections that are not encrypted.
    pub(crate) tls: Option<Certificates>,
    pub(crate) keys: Keys,
    pub(crate) timeouts: Timeouts,
    /// The size at which the server rejects changes, of servers that do not tell it.
    pub(crate) quota_bytes: u64,
}
