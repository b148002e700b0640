//! PostgreSQL: the server of `PUNCTUAL_TEST_POSTGRES_URL`.

use punctual_store_sql::PostgresJobStore;
use punctual_testkit::job_store::{Corruption, OpenTransaction, StoreFixture};
use punctual_testkit::server_url;
use sqlx::postgres::PgPool;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use uuid::Uuid;

use crate::transaction::begin;
use crate::{WAIT_TIMEOUT, corruption};

/// A separate schema for each case.
struct Schema(String);

impl Schema {
    async fn connect() -> PgConnection {
        PgConnection::connect(&server_url("postgres")).await.expect("the test server is reachable")
    }
}

impl StoreFixture for Schema {
    type Store = PostgresJobStore;

    async fn set_up(case: &'static str) -> Option<Self> {
        // Names in PostgreSQL have at most 63 bytes.
        Some(Self(format!("t{}_{case:.29}", Uuid::new_v4().simple())))
    }

    async fn open(&self) -> PostgresJobStore {
        let builder = PostgresJobStore::builder().url(server_url("postgres"));
        let builder = builder.acquire_timeout(WAIT_TIMEOUT);
        builder.schema(&self.0).build().expect("valid options")
    }

    async fn begin(&self) -> Option<Box<dyn OpenTransaction>> {
        Some(begin(&PgPool::connect_lazy(&server_url("postgres")).expect("a valid URL")).await)
    }

    async fn corrupt(&self, corruption: Corruption) -> bool {
        let mut connection = Self::connect().await;
        let by_id = [("jobs", "id"), ("runs", "job_id")];
        let prefix = format!("{}.punctual_", self.0);
        for statement in corruption::statements(&corruption, &prefix, &by_id, "key") {
            let done = sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await;
            done.expect("PostgreSQL accepts all values");
        }
        true
    }

    async fn tear_down(self) {
        let drop = AssertSqlSafe(format!("DROP SCHEMA {} CASCADE", self.0));
        sqlx::raw_sql(drop).execute(&mut Self::connect().await).await.expect("the schema exists");
    }
}

punctual_testkit::job_store_suite!(postgres, Schema);
