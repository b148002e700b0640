//! The list of backends: one line for each. A new store is added here, and nowhere else in this crate but in
//! `Cargo.toml` and `stores`.

/// Passes the list on to another macro, after its own arguments. A line is
///
/// - the word of the backend: the name of its service in `scripts/services` and of its test modules; its feature is
///   `store-` and the word;
/// - where its jobs are, a variant of [`Location`](crate::Location), which says how it is made: `TYPE::new()`,
///   `TYPE::builder().file(path)` or `TYPE::builder().url(url)`, the latter two with `.build()` at the end;
/// - its feature, its name for people, and the schemes of its URLs, with a store's own name first;
/// - its type, and the options that can be given as text: methods of its builder, with the type of the value.
///   The one for the names of all that it keeps ends with `prefix`.
#[doc(hidden)]
#[macro_export]
macro_rules! __list {
    ($($macro:ident)::+, $($arguments:tt)*) => {
        $($macro)::+! {
            $($arguments)*
            memory Process "store-memory" "memory" ["memory"] MemoryJobStore {};
            sqlite File "store-sqlite" "SQLite" ["sqlite"]
                SqliteJobStore { table_prefix: String, make_tables: bool, synchronous: Synchronous };
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
        }
    };
}
