//! What is checked and created when a store is started: the server's version and kind, and indexes.

use std::time::Duration;

use mongodb::bson::{Bson, Document, doc};
use punctual_core::{StoreError, Timestamp};
use punctual_store_kit::kv::KvNamespace;

use crate::database::MongoDb;
use crate::error::{is_conflict, store_error, unexpected, unsupported};
use crate::layout::REMOVED;
use crate::queries::{history_indexes, job_indexes};

/// The wire version of MongoDB 4.4.
const MIN_WIRE_VERSION: i32 = 9;

/// The wire version of MongoDB 8.0, which has the command `bulkWrite`.
const BULK_WRITE_WIRE_VERSION: i32 = 25;

/// How often indexes are created that conflict with other commands.
const MAX_ATTEMPTS: u32 = 20;

/// How long the creation of indexes may take, which depends on the number of jobs.
const INDEX_TIMEOUT: Duration = Duration::from_secs(120);

impl MongoDb {
    /// Checks the server, creates what is missing, and removes what interrupted removals have left.
    pub(crate) async fn prepare(&mut self, needs_change_streams: bool) -> Result<(), StoreError> {
        let hello = self.client.run(doc! { "hello": 1 }).await?;
        let version = hello.get_i32("maxWireVersion").map_err(|_| unexpected())?;
        if version < MIN_WIRE_VERSION {
            return Err(unsupported("MongoDB 4.4 or newer is required"));
        }
        self.has_bulk_write = version >= BULK_WRITE_WIRE_VERSION;
        let is_sharded = hello.get_str("msg").is_ok_and(|kind| kind == "isdbgrid");
        let is_replicated = is_sharded || hello.contains_key("setName");
        if is_replicated {
            self.client.read_majority();
        }
        if needs_change_streams && !is_replicated {
            return Err(unsupported(
                "`change_streams` requires a replica set or a sharded cluster of MongoDB",
            ));
        }
        self.create_indexes(KvNamespace::Job, &job_indexes()).await?;
        self.create_indexes(KvNamespace::History, &history_indexes()).await?;
        self.delete_many(KvNamespace::Job, doc! { "order": REMOVED }).await
    }

    /// Creates the indexes that do not exist, and with them the collection.
    async fn create_indexes(
        &self,
        namespace: KvNamespace,
        keys: &[Document],
    ) -> Result<(), StoreError> {
        let index = |key: &Document| {
            let fields: Vec<_> = key.keys().map(String::as_str).collect();
            Bson::Document(doc! { "key": key, "name": fields.join("_") })
        };
        let command = doc! {
            "createIndexes": self.collections.name(namespace),
            "indexes": keys.iter().map(index).collect::<Vec<_>>(),
        };
        let mut attempt = 1;
        loop {
            let result = self.client.run_within(INDEX_TIMEOUT, command.clone()).await?;
            match result {
                Err(error) if is_conflict(&error) && attempt < MAX_ATTEMPTS => attempt += 1,
                result => return result.map(drop).map_err(store_error),
            }
        }
    }

    /// The time of the server's clock, in milliseconds.
    pub(crate) async fn server_time(&self) -> Result<Timestamp, StoreError> {
        let hello = self.client.run(doc! { "hello": 1 }).await?;
        let time = hello.get_datetime("localTime").map_err(|_| unexpected())?;
        Ok(Timestamp::from_micros(time.timestamp_millis().saturating_mul(1_000)))
    }
}
