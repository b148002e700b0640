//! An open store: its connection and its keys.

use punctual_store_kit::kv::RecentEntries;

use crate::client::Client;
use crate::layout::{Keys, Version};

/// An open store. Clones share the connection.
#[derive(Clone, Debug)]
pub(crate) struct Etcd {
    pub(crate) client: Client,
    pub(crate) keys: Keys,
    /// The jobs that this store has written recently.
    pub(crate) recent: RecentEntries<Version>,
}
