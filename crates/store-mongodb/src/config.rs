//! The validated options.

use mongodb::options::{ConnectionString, Credential, ServerAddress};
use punctual_core::StoreError;
use punctual_store_kit::{Timeouts, invalid};

use crate::layout::Collections;

/// The validated options.
pub(crate) struct Options {
    pub(crate) url: ConnectionString,
    /// Replaces the servers of the URL.
    pub(crate) address: Option<ServerAddress>,
    /// Replaces the login of the URL.
    pub(crate) login: Option<Credential>,
    /// Replaces the database of the URL.
    pub(crate) database: Option<String>,
    pub(crate) collections: Collections,
    pub(crate) timeouts: Timeouts,
    pub(crate) change_streams: bool,
}

/// Checks the rules of servers for all platforms.
pub(crate) fn check_database(name: &str) -> Result<(), StoreError> {
    let is_invalid = |c: char| c.is_control() || r#"/\. "$*<>:|?"#.contains(c);
    if (1..64).contains(&name.len()) && !name.contains(is_invalid) {
        return Ok(());
    }
    Err(invalid(format!(
        "database {name:?} is invalid: it must have 1 to 63 bytes without control characters and without any of \
         /\\. \"$*<>:|?"
    )))
}
