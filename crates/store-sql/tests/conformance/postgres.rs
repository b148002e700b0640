//! PostgreSQL, at `PUNCTUAL_TEST_POSTGRES_URL`.

use std::fmt::Display;

use punctual_core::{BoxFuture, CallerTransaction};
use punctual_store_sql::PostgresJobStore;
use punctual_testkit::job_store::{Damage, OpenTransaction, StoreFixture};
use punctual_testkit::server_url;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use uuid::Uuid;

use crate::PATIENCE;

/// A schema of its own.
struct Schema(String);

impl Schema {
    async fn connect() -> PgConnection {
        PgConnection::connect(&server_url("postgres")).await.expect("the server is there")
    }
}

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

    async fn begin(&self) -> Option<Box<dyn OpenTransaction>> {
        let mut connection = Self::connect().await;
        sqlx::raw_sql("BEGIN").execute(&mut connection).await.expect("it begins");
        Some(Box::new(Begun(connection)))
    }

    async fn damage(&self, damage: Damage) -> bool {
        let (sql, values) = match damage {
            Damage::Fence(job, number) => {
                ("UPDATE jobs SET fence = $2::bigint WHERE id = $1", texts([&job, &number]))
            }
            Damage::Revision(job, number) => {
                ("UPDATE jobs SET revision = $2::bigint WHERE id = $1", texts([&job, &number]))
            }
            Damage::FireCount(job, number) => {
                ("UPDATE jobs SET fire_count = $2::bigint WHERE id = $1", texts([&job, &number]))
            }
            Damage::Task(job, text) => {
                ("UPDATE jobs SET task = $2 WHERE id = $1", texts([&job, &text]))
            }
            Damage::Id(job, text) => (
                "WITH d AS (UPDATE definitions SET job_id = $2 WHERE job_id = $1),
                    r AS (UPDATE runs SET job_id = $2 WHERE job_id = $1)
                 UPDATE jobs SET id = $2 WHERE id = $1",
                texts([&job, &text]),
            ),
            Damage::Attempt(job, run, number) => (
                "UPDATE runs SET attempt = $3::bigint WHERE job_id = $1 AND run_id = $2::uuid",
                texts([&job, &run, &number]),
            ),
            Damage::RunFence(job, run, number) => (
                "UPDATE runs SET fence = $3::bigint WHERE job_id = $1 AND run_id = $2::uuid",
                texts([&job, &run, &number]),
            ),
            Damage::RunNode(job, run, text) => (
                "UPDATE runs SET node = $3 WHERE job_id = $1 AND run_id = $2::uuid",
                texts([&job, &run, &text]),
            ),
            Damage::Lease(node) => {
                ("UPDATE nodes SET alive_until = 9223372036854775807 WHERE id = $1", texts([&node]))
            }
            Damage::Key(key, text) => {
                ("UPDATE metadata SET key = $2 WHERE key = $1", texts([&key, &text]))
            }
            Damage::Outcome(run, text) => {
                ("UPDATE history SET outcome = $2 WHERE run_id = $1::uuid", texts([&run, &text]))
            }
            _ => return false,
        };
        let mut sql = sql.to_owned();
        for table in ["jobs", "definitions", "runs", "nodes", "metadata", "history"] {
            sql = sql.replace(
                &format!("UPDATE {table} "),
                &format!("UPDATE {}.punctual_{table} ", self.0),
            );
        }
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for value in values {
            query = query.bind(value);
        }
        let done = query.execute(&mut Self::connect().await).await.expect("a plain table");
        assert_eq!(done.rows_affected(), 1);
        true
    }

    async fn tear_down(self) {
        let drop = AssertSqlSafe(format!("DROP SCHEMA {} CASCADE", self.0));
        sqlx::raw_sql(drop).execute(&mut Self::connect().await).await.expect("the schema is there");
    }
}

fn texts<const N: usize>(values: [&dyn Display; N]) -> Vec<String> {
    values.iter().map(|value| value.to_string()).collect()
}

/// A transaction on a connection that is no store's.
struct Begun(PgConnection);

impl Begun {
    fn end(mut self, statement: &'static str) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            sqlx::raw_sql(statement).execute(&mut self.0).await.expect("it ends");
        })
    }
}

impl OpenTransaction for Begun {
    fn caller(&mut self) -> CallerTransaction<'_> {
        CallerTransaction::on(&mut self.0)
    }

    fn commit(self: Box<Self>) -> BoxFuture<'static, ()> {
        self.end("COMMIT")
    }

    fn roll_back(self: Box<Self>) -> BoxFuture<'static, ()> {
        self.end("ROLLBACK")
    }
}

punctual_testkit::job_store_suite!(postgres, Schema);
