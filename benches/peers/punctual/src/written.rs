//! The bytes that a store has written: those of its log, which is what a commit waits for.

use std::error::Error;

use punctual::sqlx::{self, MySqlPool, PgPool};
use tokio::runtime::{Builder, Runtime};

pub(crate) struct Written {
    runtime: Runtime,
    source: Source,
}

enum Source {
    /// SQLite: this process writes them, and nothing else of that size.
    Process,
    Postgres(PgPool),
    /// The log of InnoDB.
    MySql(MySqlPool),
    /// Other servers don't count them.
    Unknown,
}

impl Written {
    pub(crate) fn new() -> Result<Self, Box<dyn Error>> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let url = std::env::var("DATABASE_URL").unwrap_or_default();
        // Pools must be created in a runtime.
        let inside = runtime.enter();
        let source = match url.split(':').next() {
            Some("postgres") => Source::Postgres(PgPool::connect_lazy(&url)?),
            Some("mysql") => Source::MySql(MySqlPool::connect_lazy(&url)?),
            Some("redis" | "mongodb") => Source::Unknown,
            _ => Source::Process,
        };
        drop(inside);
        Ok(Self { runtime, source })
    }

    /// The bytes that were written until now, if they are known; only differences have a meaning.
    pub(crate) fn bytes(&self) -> Result<Option<f64>, Box<dyn Error>> {
        Ok(Some(match &self.source {
            Source::Unknown => return Ok(None),
            Source::Process => {
                let io = std::fs::read_to_string("/proc/self/io")?;
                let bytes = io.lines().find_map(|line| line.strip_prefix("wchar: "));
                bytes.ok_or("/proc/self/io has no wchar")?.parse()?
            }
            Source::Postgres(pool) => {
                let query = "SELECT (pg_current_wal_insert_lsn() - '0/0')::float8";
                self.runtime.block_on(sqlx::query_scalar(query).fetch_one(pool))?
            }
            Source::MySql(pool) => {
                let query = "SELECT CAST(variable_value AS DOUBLE) FROM information_schema.global_status \
                             WHERE variable_name = 'INNODB_OS_LOG_WRITTEN'";
                self.runtime.block_on(sqlx::query_scalar(query).fetch_one(pool))?
            }
        }))
    }

    /// The bytes that were written since an earlier call of [`bytes`](Self::bytes).
    pub(crate) fn since(&self, before: Option<f64>) -> Result<Option<f64>, Box<dyn Error>> {
        Ok(self.bytes()?.zip(before).map(|(bytes, before)| bytes - before))
    }
}
