//! The store types, each behind its feature.

#[cfg(feature = "store-etcd")]
pub use punctual_store_etcd::{EtcdJobStore, EtcdJobStoreBuilder};
#[cfg(feature = "store-memory")]
pub use punctual_store_memory::MemoryJobStore;
#[cfg(feature = "store-mongodb")]
pub use punctual_store_mongodb::{MongoDbJobStore, MongoDbJobStoreBuilder};
#[cfg(feature = "store-redis")]
pub use punctual_store_redis::{RedisJobStore, RedisJobStoreBuilder};
#[cfg(feature = "store-rethinkdb")]
pub use punctual_store_rethinkdb::{RethinkDbJobStore, RethinkDbJobStoreBuilder};
#[cfg(any(feature = "store-mysql", feature = "store-postgres", feature = "store-sqlite"))]
#[doc(no_inline)]
pub use punctual_store_sql::sqlx;
#[cfg(feature = "store-mysql")]
pub use punctual_store_sql::{MySqlJobStore, MySqlJobStoreBuilder};
#[cfg(feature = "store-postgres")]
pub use punctual_store_sql::{PostgresJobStore, PostgresJobStoreBuilder};
#[cfg(feature = "store-sqlite")]
pub use punctual_store_sql::{SqliteJobStore, SqliteJobStoreBuilder, SqliteSynchronous};
#[cfg(feature = "store-zookeeper")]
pub use punctual_store_zookeeper::{ZooKeeperJobStore, ZooKeeperJobStoreBuilder};
