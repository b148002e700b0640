//! What is MySQL's and MariaDB's own; the contract itself is checked by `tests/conformance`.

mod options;
mod plans;
mod schema;
mod sizes;
mod trouble;
mod turns;

use punctual_core::{Commit, JobId, JobRecord, JobStore};
use punctual_testkit::server_url;
use sqlx::{AssertSqlSafe, Connection, MySqlConnection};

use super::{MySqlJobStore, MySqlJobStoreBuilder};
use crate::testing::{PATIENCE, advance, at, claim, due, tells, unique};

async fn get(store: &MySqlJobStore, name: &str) -> JobRecord {
    store.get(&JobId::new(name).unwrap()).await.unwrap().expect("the job is there").record
}

/// Claims what is due at the beginning, and settles the claims of these jobs.
async fn claimed<const N: usize>(store: &MySqlJobStore, names: [&str; N]) -> Vec<Commit> {
    let claims = claim(store).await.unwrap();
    let fence = |name| claims.iter().find(|job| job.id.as_str() == name).unwrap().fence;
    names.map(|name| advance(name, fence(name))).to_vec()
}

async fn connect() -> MySqlConnection {
    MySqlConnection::connect(&server_url("mysql")).await.expect("the server for tests answers")
}

/// Tables of a test's own.
struct Tables {
    prefix: String,
    /// A connection beside those of the store.
    own: MySqlConnection,
}

impl Tables {
    async fn new() -> Self {
        Self { prefix: unique() + "_", own: connect().await }
    }

    /// Of stores that wait for a connection for as long as a busy machine takes.
    fn builder(&self) -> MySqlJobStoreBuilder {
        let builder = MySqlJobStore::builder().url(server_url("mysql")).acquire_timeout(PATIENCE);
        builder.table_prefix(&*self.prefix)
    }

    async fn started(&self) -> MySqlJobStore {
        let store = self.builder().build().unwrap();
        store.start().await.unwrap();
        store
    }

    /// Runs statements with `{p}` for the prefix.
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
