//! The conformance suite on a MongoDB server: that of `PUNCTUAL_TEST_MONGODB_URL`.

mod corruption;

use std::time::Duration;

use ::mongodb::bson::Document;
use ::mongodb::options::{CollectionOptions, WriteConcern};
use ::mongodb::{Client, Collection};
use punctual_store_mongodb::MongoDbJobStore;
use punctual_testkit::job_store::{Corruption, StoreFixture};
use punctual_testkit::server_url;
use uuid::Uuid;

/// The timeout of the stores under test: many cases run concurrently on a busy machine.
const WAIT_TIMEOUT: Duration = Duration::from_secs(60);

/// Separate collections for each case; each store opens its own connections.
struct Collections {
    prefix: String,
}

impl Collections {
    async fn collection(&self, name: &str) -> Collection<Document> {
        let client = Client::with_uri_str(server_url("mongodb")).await.expect("a valid URL");
        // The default of MongoDB 4.4 is weaker, and stores read what a majority has.
        let majority = WriteConcern::majority();
        let options = CollectionOptions::builder().write_concern(majority).build();
        let name = format!("{}{name}", self.prefix);
        client.database("punctual").collection_with_options(&name, options)
    }
}

impl StoreFixture for Collections {
    type Store = MongoDbJobStore;

    async fn set_up(_case: &'static str) -> Option<Self> {
        Some(Self { prefix: format!("test_{}_", Uuid::new_v4().simple()) })
    }

    async fn open(&self) -> MongoDbJobStore {
        let builder = MongoDbJobStore::builder()
            .url(server_url("mongodb"))
            .collection_prefix(&self.prefix)
            .connect_timeout(WAIT_TIMEOUT)
            .response_timeout(WAIT_TIMEOUT);
        builder.build().expect("valid options")
    }

    async fn corrupt(&self, corruption: Corruption) -> bool {
        corruption::write(self, corruption).await;
        true
    }

    async fn tear_down(self) {
        for name in ["jobs", "nodes", "metadata", "history", "format"] {
            self.collection(name).await.drop().await.expect("the collection is dropped");
        }
    }
}

punctual_testkit::job_store_suite!(mongodb, Collections);
