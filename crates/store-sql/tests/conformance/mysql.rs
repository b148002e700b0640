//! MySQL or MariaDB: the server of `PUNCTUAL_TEST_MYSQL_URL`.

use punctual_store_sql::MySqlJobStore;
use punctual_testkit::job_store::{Corruption, OpenTransaction, StoreFixture};
use punctual_testkit::server_url;
use sqlx::mysql::MySqlPool;
use sqlx::{AssertSqlSafe, Connection, MySqlConnection};
use uuid::Uuid;

use crate::transaction::begin;
use crate::{WAIT_TIMEOUT, corruption};

/// Separate tables for each case; each store opens its own connections.
struct Tables {
    prefix: String,
}

impl Tables {
    async fn connect() -> MySqlConnection {
        MySqlConnection::connect(&server_url("mysql")).await.expect("the test server is reachable")
    }
}

impl StoreFixture for Tables {
    type Store = MySqlJobStore;

    async fn set_up(_case: &'static str) -> Option<Self> {
        Some(Self { prefix: format!("t{}_", Uuid::new_v4().simple()) })
    }

    async fn open(&self) -> MySqlJobStore {
        let builder = MySqlJobStore::builder().url(server_url("mysql"));
        let builder = builder.acquire_timeout(WAIT_TIMEOUT).lock_timeout(WAIT_TIMEOUT);
        builder.table_prefix(&*self.prefix).build().expect("valid options")
    }

    async fn begin(&self) -> Option<Box<dyn OpenTransaction>> {
        Some(begin(&MySqlPool::connect_lazy(&server_url("mysql")).expect("a valid URL")).await)
    }

    /// The server rejects names that are too long.
    async fn corrupt(&self, corruption: Corruption) -> bool {
        let mut connection = Self::connect().await;
        let by_id = [("jobs", "id"), ("runs", "job_id")];
        for statement in corruption::statements(&corruption, &self.prefix, &by_id, "`key`") {
            let done = sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await;
            if done.is_err() {
                return false;
            }
        }
        true
    }

    async fn tear_down(self) {
        let mut connection = Self::connect().await;
        for table in ["jobs", "runs", "nodes", "metadata", "history", "schema"] {
            let drop = AssertSqlSafe(format!("DROP TABLE {}{table}", self.prefix));
            sqlx::raw_sql(drop).execute(&mut connection).await.expect("a table");
        }
    }
}

punctual_testkit::job_store_suite!(mysql, Tables);
