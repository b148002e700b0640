//! PostgreSQL, at `PUNCTUAL_TEST_POSTGRES_URL`.

use punctual_store_sql::PostgresJobStore;
use punctual_testkit::job_store::StoreFixture;
use punctual_testkit::server_url;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use uuid::Uuid;

use crate::PATIENCE;

/// A schema of its own.
struct Schema(String);

impl StoreFixture for Schema {
    type Store = PostgresJobStore;

    async fn set_up(case: &'static str) -> Option<Self> {
        // PostgreSQL's names have 63 bytes.
        Some(Self(format!("t{}_{case:.29}", Uuid::new_v4().simple())))
    }

    async fn open(&self) -> PostgresJobStore {
        let builder = PostgresJobStore::builder().url(server_url("postgres"));
        let builder = builder.acquire_timeout(PATIENCE);
        builder.schema(&self.0).build().expect("a plain name")
    }

    async fn tear_down(self) {
        let mut connection =
            PgConnection::connect(&server_url("postgres")).await.expect("the server is there");
        let drop = AssertSqlSafe(format!("DROP SCHEMA {} CASCADE", self.0));
        sqlx::raw_sql(drop).execute(&mut connection).await.expect("the schema is there");
    }
}

punctual_testkit::job_store_suite!(postgres, Schema);
