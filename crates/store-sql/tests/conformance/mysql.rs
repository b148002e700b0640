//! MySQL and MariaDB: whichever `PUNCTUAL_TEST_MYSQL_URL` leads to.

use punctual_store_sql::MySqlJobStore;
use punctual_testkit::job_store::{Damage, OpenTransaction, StoreFixture};
use punctual_testkit::server_url;
use sqlx::mysql::MySqlPool;
use sqlx::{AssertSqlSafe, Connection, MySqlConnection};
use uuid::Uuid;

use crate::transaction::begin;
use crate::{PATIENCE, damage};

/// Tables of its own, opened anew by each handle.
struct Tables {
    prefix: String,
}

impl Tables {
    async fn connect() -> MySqlConnection {
        MySqlConnection::connect(&server_url("mysql")).await.expect("a server")
    }
}

impl StoreFixture for Tables {
    type Store = MySqlJobStore;

    async fn set_up(_case: &'static str) -> Option<Self> {
        Some(Self { prefix: format!("t{}_", Uuid::new_v4().simple()) })
    }

    async fn open(&self) -> MySqlJobStore {
        let builder = MySqlJobStore::builder().url(server_url("mysql"));
        let builder = builder.acquire_timeout(PATIENCE).lock_timeout(PATIENCE);
        builder.table_prefix(&*self.prefix).build().expect("a good URL")
    }

    async fn begin(&self) -> Option<Box<dyn OpenTransaction>> {
        Some(begin(&MySqlPool::connect_lazy(&server_url("mysql")).expect("a good URL")).await)
    }

    /// It refuses names that are too long.
    async fn damage(&self, damage: Damage) -> bool {
        let mut connection = Self::connect().await;
        let by_id = [("jobs", "id"), ("runs", "job_id")];
        for statement in damage::statements(&damage, &self.prefix, &by_id, "`key`") {
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
