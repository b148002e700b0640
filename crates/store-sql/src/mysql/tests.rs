//! Tests that are specific to MySQL and MariaDB; the conformance suite is run by `tests/conformance`.

mod contention;
mod failures;
mod options;
mod plans;
mod schema;
mod sizes;

use punctual_core::{Commit, JobId, JobRecord, JobStore};
use punctual_testkit::server_url;
use sqlx::{AssertSqlSafe, Connection, MySqlConnection};

use super::{MySqlJobStore, MySqlJobStoreBuilder};
use crate::testing::{WAIT_TIMEOUT, advance, assert_store_error, at, claim, due, unique};

async fn get(store: &MySqlJobStore, name: &str) -> JobRecord {
    store.get(&JobId::new(name).unwrap()).await.unwrap().expect("the job is there").record
}

/// Claims all jobs that are due at `at(0)`, and returns commits that settle the claims of these jobs.
async fn claimed<const N: usize>(store: &MySqlJobStore, names: [&str; N]) -> Vec<Commit> {
    let claims = claim(store).await.unwrap();
    let fence = |name| claims.iter().find(|job| job.id.as_str() == name).unwrap().fence;
    names.map(|name| advance(name, fence(name))).to_vec()
}

async fn connect() -> MySqlConnection {
    MySqlConnection::connect(&server_url("mysql")).await.expect("the test server is reachable")
}

/// The tables of a test, with a separate prefix.
struct Tables {
    prefix: String,
    /// A connection in addition to those of the store.
    own: MySqlConnection,
}

impl Tables {
    async fn new() -> Self {
        Self { prefix: unique() + "_", own: connect().await }
    }

    /// A builder with a long timeout for connections, because the machine may be busy.
    fn builder(&self) -> MySqlJobStoreBuilder {
        let builder =
            MySqlJobStore::builder().url(server_url("mysql")).acquire_timeout(WAIT_TIMEOUT);
        builder.table_prefix(&*self.prefix)
    }

    async fn started(&self) -> MySqlJobStore {
        let store = self.builder().build().unwrap();
        store.start().await.unwrap();
        store
    }

    /// Executes statements in which `{p}` stands for the prefix.
    async fn run(&mut self, statements: &str) {
        let statements = AssertSqlSafe(statements.replace("{p}", &self.prefix));
        sqlx::raw_sql(statements).execute(&mut self.own).await.unwrap();
    }

    async fn drop(mut self) {
        let tables = ["jobs", "runs", "nodes", "metadata", "history", "schema"];
        let names = tables.map(|table| format!("{}{table}", self.prefix)).join(", ");
        self.run(&format!("ROLLBACK; DROP TABLE IF EXISTS {names}")).await;
    }
}
