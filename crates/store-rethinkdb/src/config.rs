//! The validated options.

use punctual_core::StoreError;
use punctual_store_kit::{Certificates, HostAddress, Login, Timeouts, invalid};

use crate::layout::Tables;

/// The validated options.
pub(crate) struct Options {
    /// At least one.
    pub(crate) servers: Vec<HostAddress>,
    pub(crate) login: Login,
    /// `None` for connections that are not encrypted.
    pub(crate) tls: Option<Certificates>,
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
