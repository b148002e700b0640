//! Databases of tests.

use std::time::Duration;

use punctual_core::JobStore;
use punctual_store_rethinkdb::{RethinkDbJobStore, RethinkDbJobStoreBuilder};
use punctual_testkit::server_url;
use uuid::Uuid;

use crate::session::Session;

/// The timeout of stores: other tests run at the same time.
const WAIT_TIMEOUT: Duration = Duration::from_secs(60);

/// A database, which is dropped at the end.
pub(crate) struct Database {
    pub(crate) name: String,
    /// The server, or a proxy.
    url: String,
}

impl Database {
    pub(crate) fn new() -> Self {
        Self::at(server_url("rethinkdb"))
    }

    pub(crate) fn at(url: String) -> Self {
        Self { name: format!("test_{}", Uuid::new_v4().simple()), url }
    }

    pub(crate) fn builder(&self) -> RethinkDbJobStoreBuilder {
        let builder = RethinkDbJobStore::builder().url(&self.url).database(&self.name);
        builder.connect_timeout(WAIT_TIMEOUT).response_timeout(WAIT_TIMEOUT)
    }

    /// A started store.
    pub(crate) async fn started(&self) -> RethinkDbJobStore {
        let store = self.builder().build().expect("valid options");
        store.start().await.expect("the store starts");
        store
    }

    pub(crate) fn session() -> Session {
        Session::of(&server_url("rethinkdb"))
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let drop = serde_json::json!([58, [self.name]]);
        // It may not have been created.
        let _ = Self::session().try_run(&drop);
    }
}
