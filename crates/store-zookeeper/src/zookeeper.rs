//! An open store: its session and its paths.

use std::collections::HashSet;
use std::sync::Arc;

use parking_lot::Mutex;
use punctual_store_kit::kv::RecentEntries;

use crate::client::Client;
use crate::definition::Cache;
use crate::layout::{Paths, Version};

/// An open store. Clones share the session.
#[derive(Clone, Debug)]
pub(crate) struct ZooKeeper {
    pub(crate) client: Client,
    pub(crate) paths: Paths,
    /// The jobs that this store has written recently.
    pub(crate) recent: RecentEntries<Version>,
    /// Definitions that this store has read or written recently.
    pub(crate) definitions: Cache,
    /// The names of parents that probably exist.
    pub(crate) parents: Arc<Mutex<HashSet<String>>>,
}
