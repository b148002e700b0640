//! An open store: its connections and the names of its collections.

use punctual_store_kit::kv::RecentEntries;

use crate::client::Client;
use crate::layout::{Collections, Version};

/// An open store. Clones share the connections.
#[derive(Clone, Debug)]
pub(crate) struct MongoDb {
    pub(crate) client: Client,
    pub(crate) collections: Collections,
    /// The jobs that this store has written recently.
    pub(crate) recent: RecentEntries<Version>,
    /// Whether the server has the command `bulkWrite`.
    pub(crate) has_bulk_write: bool,
    /// Whether changes are notified.
    pub(crate) has_watch: bool,
}
