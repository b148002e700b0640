//! What is PostgreSQL's own; the contract itself is checked by `tests/conformance`.

mod options;
mod plans;
mod schema;
mod sizes;
mod trouble;
mod turns;
mod watch;

use punctual_core::JobStore;
use punctual_testkit::server_url;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::{PostgresJobStore, PostgresJobStoreBuilder};
use crate::testing::{PATIENCE, at, claim, due, tells, unique};

async fn connect() -> PgConnection {
    PgConnection::connect(&server_url("postgres")).await.expect("the server for tests answers")
}

/// Tables of a test's own.
struct Tables {
    schema: String,
    /// A connection beside those of the store.
    own: PgConnection,
}

impl Tables {
    async fn new() -> Self {
        Self { schema: unique(), own: connect().await }
    }

    /// Of stores that wait for a connection for as long as a busy machine takes.
    fn builder(&self) -> PostgresJobStoreBuilder {
        let builder =
            PostgresJobStore::builder().url(server_url("postgres")).acquire_timeout(PATIENCE);
        builder.schema(&*self.schema)
    }

    async fn started(&self) -> PostgresJobStore {
        let store = self.builder().build().unwrap();
        store.start().await.unwrap();
        store
    }

    /// Runs statements with `{p}` for the schema and prefix; what they answer.
    async fn run(&mut self, statements: &str) -> Vec<PgRow> {
        let prefix = format!("\"{}\".punctual_", self.schema);
        let statements = statements.replace("{p}", &prefix).replace("{schema}", &self.schema);
        sqlx::raw_sql(AssertSqlSafe(statements)).fetch_all(&mut self.own).await.unwrap()
    }

    async fn drop(mut self) {
        self.run("ROLLBACK; DROP SCHEMA IF EXISTS \"{schema}\" CASCADE").await;
    }
}
