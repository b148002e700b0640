//! The validated options.

use std::path::PathBuf;

use punctual_store_kit::{HostAddress, Login, Timeouts};

use crate::layout::Keys;

/// The certificates of encrypted connections, in files in the PEM format.
#[derive(Clone, Debug, Default)]
#[cfg_attr(not(feature = "tls"), allow(dead_code, reason = "the builder rejects them then"))]
pub(crate) struct Certificates {
    /// The authority that has signed the servers' certificates, instead of Mozilla's list.
    pub(crate) authority: Option<PathBuf>,
    /// The certificate of this client, and its key.
    pub(crate) client: Option<(PathBuf, PathBuf)>,
}

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
