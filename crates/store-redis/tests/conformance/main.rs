//! The conformance suite on a Redis server: that of `PUNCTUAL_TEST_REDIS_URL`.

mod corruption;

use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use punctual_store_redis::RedisJobStore;
use punctual_testkit::job_store::{Corruption, StoreFixture};
use punctual_testkit::server_url;
use uuid::Uuid;

/// The timeout of the stores under test: many cases run concurrently on a busy machine.
const WAIT_TIMEOUT: Duration = Duration::from_secs(60);

/// Separate keys for each case; each store opens its own connection.
struct Keys {
    prefix: String,
}

impl Keys {
    async fn connect() -> MultiplexedConnection {
        let client = ::redis::Client::open(server_url("redis")).expect("a valid URL");
        let config = ::redis::AsyncConnectionConfig::new()
            .set_response_timeout(Some(WAIT_TIMEOUT))
            .set_connection_timeout(Some(WAIT_TIMEOUT));
        let connection = client.get_multiplexed_async_connection_with_config(&config).await;
        connection.expect("the test server is reachable")
    }
}

impl StoreFixture for Keys {
    type Store = RedisJobStore;

    async fn set_up(case: &'static str) -> Option<Self> {
        // Characters that are special in Redis's patterns, in Lua and in hash tags.
        Some(Self { prefix: format!("{case} it's \"{{a}}b\" %d [{}]", Uuid::new_v4().simple()) })
    }

    async fn open(&self) -> RedisJobStore {
        let builder = RedisJobStore::builder().url(server_url("redis")).key_prefix(&self.prefix);
        let builder = builder.connect_timeout(WAIT_TIMEOUT).response_timeout(WAIT_TIMEOUT);
        builder.build().expect("valid options")
    }

    async fn corrupt(&self, corruption: Corruption) -> bool {
        corruption::write(&mut Self::connect().await, &self.prefix, corruption).await;
        true
    }

    async fn tear_down(self) {
        let names = [
            "jobs",
            "definitions",
            "runs",
            "run_times",
            "claims",
            "order",
            "owned",
            "nodes",
            "metadata",
            "history",
            "history_jobs",
            "version",
        ];
        let keys = names.map(|name| format!("{{{}}}:{name}", self.prefix));
        let mut connection = Self::connect().await;
        let deleted = ::redis::cmd("UNLINK").arg(&keys).query_async(&mut connection).await;
        let _: u64 = deleted.expect("the keys are deleted");
    }
}

punctual_testkit::job_store_suite!(redis, Keys);
