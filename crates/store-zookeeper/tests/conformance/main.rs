//! The conformance suite on a ZooKeeper server: that of `PUNCTUAL_TEST_ZOOKEEPER_URL`.

mod corruption;
#[allow(dead_code, reason = "used by other tests, too")]
#[path = "../common/nodes.rs"]
mod nodes;

use std::time::Duration;

use punctual_store_zookeeper::ZooKeeperJobStore;
use punctual_testkit::job_store::{Corruption, StoreFixture};
use punctual_testkit::server_url;
use uuid::Uuid;

use nodes::Nodes;

/// The timeout of the stores under test: many cases run concurrently on a busy machine.
const WAIT_TIMEOUT: Duration = Duration::from_secs(60);

/// A separate path for each case; each store opens its own session.
struct Path(String);

impl StoreFixture for Path {
    type Store = ZooKeeperJobStore;

    async fn set_up(case: &'static str) -> Option<Self> {
        // Characters that are special in other places.
        Some(Self(format!("/suite/{case} it's \"é\" %2F\\ *?~{}", Uuid::new_v4().simple())))
    }

    async fn open(&self) -> ZooKeeperJobStore {
        let builder = ZooKeeperJobStore::builder().url(server_url("zookeeper")).path(&self.0);
        let builder = builder.connect_timeout(WAIT_TIMEOUT).response_timeout(WAIT_TIMEOUT);
        builder.session_timeout(WAIT_TIMEOUT).build().expect("valid options")
    }

    async fn corrupt(&self, corruption: Corruption) -> bool {
        corruption::write(&Nodes::of(&server_url("zookeeper"), &self.0).await, corruption).await;
        true
    }

    async fn tear_down(self) {
        Nodes::of(&server_url("zookeeper"), &self.0).await.delete_all().await;
    }
}

punctual_testkit::job_store_suite!(zookeeper, Path);
