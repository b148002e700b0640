//! MySQL and MariaDB: whichever `PUNCTUAL_TEST_MYSQL_URL` leads to.

use punctual_store_sql::MySqlJobStore;
use punctual_testkit::job_store::StoreFixture;
use punctual_testkit::server_url;
use sqlx::{AssertSqlSafe, Connection, MySqlConnection};
use uuid::Uuid;

use crate::PATIENCE;

/// Tables of its own, opened anew by each handle.
struct Tables {
    prefix: String,
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

    async fn tear_down(self) {
        let mut connection =
            MySqlConnection::connect(&server_url("mysql")).await.expect("a server");
        for table in ["jobs", "runs", "nodes", "metadata", "history", "schema"] {
            let drop = AssertSqlSafe(format!("DROP TABLE {}{table}", self.prefix));
            sqlx::raw_sql(drop).execute(&mut connection).await.expect("a table");
        }
    }
}

punctual_testkit::job_store_suite!(mysql, Tables);
