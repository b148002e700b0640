//! The conformance suite on an etcd server: that of `PUNCTUAL_TEST_ETCD_URL`.

mod corruption;
#[allow(dead_code, reason = "used by other tests, too")]
#[path = "../common/gateway.rs"]
mod gateway;

use std::time::Duration;

use punctual_store_etcd::EtcdJobStore;
use punctual_testkit::job_store::{Corruption, StoreFixture};
use punctual_testkit::server_url;
use uuid::Uuid;

use gateway::Gateway;

/// The timeout of the stores under test: many cases run concurrently on a busy machine.
const WAIT_TIMEOUT: Duration = Duration::from_secs(60);

/// A separate path for each case; each store opens its own connection.
struct Path(String);

impl StoreFixture for Path {
    type Store = EtcdJobStore;

    async fn set_up(case: &'static str) -> Option<Self> {
        // Characters that are special in other places.
        Some(Self(format!("/{case} it's \"é\" %2F\\ *?/{}", Uuid::new_v4().simple())))
    }

    async fn open(&self) -> EtcdJobStore {
        let builder = EtcdJobStore::builder().url(server_url("etcd")).path(&self.0);
        let builder = builder.connect_timeout(WAIT_TIMEOUT).response_timeout(WAIT_TIMEOUT);
        builder.build().expect("valid options")
    }

    async fn corrupt(&self, corruption: Corruption) -> bool {
        corruption::write(&Gateway::of(&server_url("etcd")), &self.0, corruption).await;
        true
    }

    async fn tear_down(self) {
        Gateway::of(&server_url("etcd")).delete_all(&format!("{}:", self.0)).await;
    }
}

punctual_testkit::job_store_suite!(etcd, Path);
