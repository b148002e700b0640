//! Tests that are specific to PostgreSQL; the conformance suite is run by `tests/conformance`.

mod contention;
mod failures;
mod options;
mod plans;
mod schema;
mod sizes;
mod watch;

use punctual_core::JobStore;
use punctual_testkit::server_url;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::{PostgresJobStore, PostgresJobStoreBuilder};
use crate::testing::{WAIT_TIMEOUT, assert_store_error, at, claim, due, unique};

async fn connect() -> PgConnection {
    PgConnection::connect(&server_url("postgres")).await.expect("the test server is reachable")
}

/// The tables of a test, in a separate schema.
struct Tables {
    schema: String,
    /// A connection in addition to those of the store.
    own: PgConnection,
}

impl Tables {
    async fn new() -> Self {
        Self { schema: unique(), own: connect().await }
    }

    /// A builder with a long timeout for connections, because the machine may be busy.
    fn builder(&self) -> PostgresJobStoreBuilder {
        let builder =
            PostgresJobStore::builder().url(server_url("postgres")).acquire_timeout(WAIT_TIMEOUT);
        builder.schema(&*self.schema)
    }

    async fn started(&self) -> PostgresJobStore {
        let store = self.builder().build().unwrap();
        store.start().await.unwrap();
        store
    }

    /// Executes statements in which `{p}` stands for the schema and prefix, and returns their rows.
    async fn run(&mut self, statements: &str) -> Vec<PgRow> {
        let prefix = format!("\"{}\".punctual_", self.schema);
        let statements = statements.replace("{p}", &prefix).replace("{schema}", &self.schema);
        sqlx::raw_sql(AssertSqlSafe(statements)).fetch_all(&mut self.own).await.unwrap()
    }

    async fn drop(mut self) {
        self.run("ROLLBACK; DROP SCHEMA IF EXISTS \"{schema}\" CASCADE").await;
    }
}
