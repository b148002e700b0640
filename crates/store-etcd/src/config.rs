//! The validated options.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use punctual_store_kit::HostAddress;

use crate::layout::Keys;

/// How long to wait for the servers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeouts {
    pub(crate) connect: Duration,
    pub(crate) response: Duration,
}

/// The name and the password of a user.
#[derive(Clone)]
pub(crate) struct Login {
    pub(crate) name: String,
    pub(crate) password: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").finish_non_exhaustive()
    }
}

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
