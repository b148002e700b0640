//! An open store: its connections and the names of its tables.

use punctual_store_kit::kv::RecentEntries;

use crate::client::Client;
use crate::layout::{Tables, Version};

/// An open store. Clones share the connections.
#[derive(Clone, Debug)]
pub(crate) struct RethinkDb {
    pub(crate) client: Client,
    pub(crate) tables: Tables,
    /// The jobs that this store has written recently.
    pub(crate) recent: RecentEntries<Version>,
}
