//! The validated options.

use std::time::Duration;

use punctual_store_kit::{HostAddress, Login};

use crate::layout::Paths;

/// How long to wait for the servers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeouts {
    pub(crate) connect: Duration,
    pub(crate) response: Duration,
    /// How long the servers keep a session without a connection.
    pub(crate) session: Duration,
}

/// The validated options.
pub(crate) struct Options {
    /// At least one.
    pub(crate) servers: Vec<HostAddress>,
    pub(crate) login: Option<Login>,
    pub(crate) paths: Paths,
    pub(crate) timeouts: Timeouts,
}
