//! The list of backends, one line each. A new store requires changes only here, in `stores`, and in the features of this
//! crate and of the facade; a second store in a file also in the condition of `open::file`.

/// Passes the list to another macro, after its own arguments. A line consists of
///
/// - the id of the backend: the name of its service in `scripts/services` and of its test modules; its feature is
///   `store-` and the id;
/// - the location of its jobs, a variant of [`Location`](crate::Location), which determines how a store is created:
///   `TYPE::new()`, `TYPE::builder().file(path)` or `TYPE::builder().url(url)`, the latter two followed by `.build()`.
///   `GivenServer` is `Server` for a backend whose server `scripts/services` can't start: its tests are a part of a run only if
///   the variable `PUNCTUAL_TEST_NAME_URL` names a server, and `scripts/test` says so otherwise;
/// - its feature, its display name, and the schemes of its URLs, with the id first;
/// - its type, and the options that can be given as text: methods of its builder, with the type of the value.
///   The option for the prefix of all names in the database ends with `prefix`, or is `path`.
#[doc(hidden)]
#[macro_export]
macro_rules! __list {
    ($($macro:ident)::+, $($arguments:tt)*) => {
        $($macro)::+! {
            $($arguments)*
            memory Process "store-memory" "memory" ["memory"] MemoryJobStore {};
            sqlite File "store-sqlite" "SQLite" ["sqlite"]
                SqliteJobStore { table_prefix: String, make_tables: bool, synchronous: SqliteSynchronous };
            postgres Server "store-postgres" "PostgreSQL" ["postgres", "postgresql"]
                PostgresJobStore {
                    table_prefix: String, make_tables: bool, schema: String,
                    acquire_timeout: Duration, statement_timeout: Duration
                };
            mysql Server "store-mysql" "MySQL and MariaDB" ["mysql", "mariadb"]
                MySqlJobStore {
                    table_prefix: String, make_tables: bool,
                    acquire_timeout: Duration, statement_timeout: Duration
                };
            redis Server "store-redis" "Redis and Valkey" ["redis", "rediss", "valkey", "valkeys"]
                RedisJobStore {
                    key_prefix: String, jobs_key: String, run_times_key: String,
                    ca_cert: String, cert_cert: String, cert_key: String,
                    connect_timeout: Duration, response_timeout: Duration, wait_aof: bool
                };
            etcd Server "store-etcd" "etcd" ["etcd", "etcds"]
                EtcdJobStore {
                    path: String, ca_cert: String, cert_cert: String, cert_key: String,
                    connect_timeout: Duration, response_timeout: Duration, quota_backend_bytes: u64
                };
            zookeeper Server "store-zookeeper" "ZooKeeper" ["zookeeper"]
                ZooKeeperJobStore {
                    path: String, hosts: String,
                    connect_timeout: Duration, response_timeout: Duration, session_timeout: Duration
                };
            mongodb Server "store-mongodb" "MongoDB" ["mongodb", "mongodb+srv"]
                MongoDbJobStore {
                    database: String, collection: String, collection_prefix: String, auth_source: String,
                    connect_timeout: Duration, response_timeout: Duration, change_streams: bool
                };
            rethinkdb GivenServer "store-rethinkdb" "RethinkDB" ["rethinkdb", "rethinkdbs"]
                RethinkDbJobStore {
                    database: String, table: String, table_prefix: String, make_tables: bool, ca_cert: String,
                    connect_timeout: Duration, response_timeout: Duration
                };
        }
    };
}
