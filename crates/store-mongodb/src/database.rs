//! An open store: its connections and the names of its collections.

use crate::client::Client;
use crate::layout::Collections;
use crate::recent::Recent;

/// An open store. Clones share the connections.
#[derive(Clone, Debug)]
pub(crate) struct MongoDb {
    pub(crate) client: Client,
    pub(crate) collections: Collections,
    pub(crate) recent: Recent,
    /// Whether the server has the command `bulkWrite`.
    pub(crate) has_bulk_write: bool,
    /// Whether changes are notified.
    pub(crate) has_watch: bool,
}
