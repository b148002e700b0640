//! The conformance suite on a RethinkDB server: that of `PUNCTUAL_TEST_RETHINKDB_URL`. Its user is `admin`.

mod corruption;
#[allow(dead_code, reason = "used by other tests, too")]
#[path = "../common/session.rs"]
mod session;

use std::time::Duration;

use punctual_store_rethinkdb::RethinkDbJobStore;
use punctual_testkit::job_store::{Corruption, StoreFixture};
use punctual_testkit::server_url;
use uuid::Uuid;

use session::Session;

/// The timeout of the stores under test: many cases run concurrently on a busy machine.
const WAIT_TIMEOUT: Duration = Duration::from_secs(60);

/// A separate database for each case; each store opens its own connections.
struct Database(String);

impl StoreFixture for Database {
    type Store = RethinkDbJobStore;

    async fn set_up(_case: &'static str) -> Option<Self> {
        Some(Self(format!("test_{}", Uuid::new_v4().simple())))
    }

    async fn open(&self) -> RethinkDbJobStore {
        let builder = RethinkDbJobStore::builder()
            .url(server_url("rethinkdb"))
            .database(&self.0)
            .connect_timeout(WAIT_TIMEOUT)
            .response_timeout(WAIT_TIMEOUT);
        builder.build().expect("valid options")
    }

    async fn corrupt(&self, corruption: Corruption) -> bool {
        corruption::write(&mut Session::of(&server_url("rethinkdb")), &self.0, corruption);
        true
    }

    async fn tear_down(self) {
        // A case may have opened no store.
        let _ = Session::of(&server_url("rethinkdb")).try_run(&serde_json::json!([58, [self.0]]));
    }
}

punctual_testkit::job_store_suite!(rethinkdb, Database);
