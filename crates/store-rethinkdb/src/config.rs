//! The validated options.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use punctual_core::StoreError;
use punctual_store_kit::{HostAddress, invalid};

use crate::layout::Tables;

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

/// By whom the certificates of the servers are signed.
#[derive(Clone, Debug)]
#[cfg_attr(not(feature = "tls"), allow(dead_code, reason = "the builder rejects them then"))]
pub(crate) enum Authority {
    /// One of Mozilla's list.
    Public,
    /// Those in a file in the PEM format.
    File(PathBuf),
}

/// The validated options.
pub(crate) struct Options {
    /// At least one.
    pub(crate) servers: Vec<HostAddress>,
    pub(crate) login: Login,
    /// `None` for connections that are not encrypted.
    pub(crate) tls: Option<Authority>,
    pub(crate) tables: Tables,
    pub(crate) timeouts: Timeouts,
    /// Whether the database, the tables and the indexes are created if they are missing.
    pub(crate) make_tables: bool,
}

/// Checks the rules of the server.
pub(crate) fn check_database(name: &str) -> Result<(), StoreError> {
    let is_valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if (1..64).contains(&name.len()) && name.chars().all(is_valid) && name != "rethinkdb" {
        return Ok(());
    }
    Err(invalid(format!(
        "database {name:?} is invalid: it must consist of 1 to 63 ASCII letters, digits, underscores and hyphens, and must \
         not be `rethinkdb`"
    )))
}
