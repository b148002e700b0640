//! MySQL and MariaDB: whichever `PUNCTUAL_TEST_MYSQL_URL` leads to.

use punctual_core::{BoxFuture, CallerTransaction, JobId, RunId};
use punctual_store_sql::MySqlJobStore;
use punctual_testkit::job_store::{Damage, OpenTransaction, StoreFixture};
use punctual_testkit::server_url;
use sqlx::{AssertSqlSafe, Connection, MySqlConnection};
use uuid::Uuid;

use crate::PATIENCE;

/// Tables of its own, opened anew by each handle.
struct Tables {
    prefix: String,
}

impl Tables {
    async fn connect() -> MySqlConnection {
        MySqlConnection::connect(&server_url("mysql")).await.expect("the server is there")
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
        let mut connection = Self::connect().await;
        let begin = sqlx::raw_sql("START TRANSACTION");
        begin.execute(&mut connection).await.expect("a transaction begins");
        Some(Box::new(Open(connection)))
    }

    async fn damage(&self, damage: Damage) -> bool {
        let mut connection = Self::connect().await;
        let jobs = |id: &JobId, column: &str, value: String| {
            vec![("jobs", format!("{column} = {value}"), format!("id = {}", text(id.as_str())))]
        };
        let run = |job: &JobId, run: RunId, column: &str, value: String| {
            let which = format!("job_id = {} AND run_id = '{run}'", text(job.as_str()));
            vec![("runs", format!("{column} = {value}"), which)]
        };
        let changes = match damage {
            Damage::Fence(id, number) => jobs(&id, "fence", number.to_string()),
            Damage::Revision(id, number) => jobs(&id, "revision", number.to_string()),
            Damage::FireCount(id, number) => jobs(&id, "fire_count", number.to_string()),
            Damage::Task(id, task) => jobs(&id, "task", text(&task)),
            Damage::Id(id, other) => {
                let mut changes = jobs(&id, "id", text(&other));
                let which = format!("job_id = {}", text(id.as_str()));
                changes.push(("runs", format!("job_id = {}", text(&other)), which));
                changes
            }
            Damage::Attempt(job, id, number) => run(&job, id, "attempt", number.to_string()),
            Damage::RunFence(job, id, number) => run(&job, id, "fence", number.to_string()),
            Damage::RunNode(job, id, node) => run(&job, id, "node", text(&node)),
            Damage::Lease(node) => {
                let which = format!("id = {}", text(node.as_str()));
                vec![("nodes", format!("alive_until = {}", i64::MAX), which)]
            }
            Damage::Key(key, other) => {
                let which = format!("`key` = {}", text(&key));
                vec![("metadata", format!("`key` = {}", text(&other)), which)]
            }
            Damage::Outcome(run, outcome) => {
                vec![(
                    "history",
                    format!("outcome = {}", text(&outcome)),
                    format!("run_id = '{run}'"),
                )]
            }
            _ => return false,
        };
        for (table, set, which) in changes {
            let update = format!("UPDATE {}{table} SET {set} WHERE {which}", self.prefix);
            if sqlx::raw_sql(AssertSqlSafe(update)).execute(&mut connection).await.is_err() {
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

/// A text in SQL.
fn text(text: &str) -> String {
    let digits: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("x'{digits}'")
}

/// A transaction beside the store.
struct Open(MySqlConnection);

impl Open {
    async fn end(mut self, how: &'static str) {
        sqlx::raw_sql(how).execute(&mut self.0).await.expect("the transaction ends");
    }
}

impl OpenTransaction for Open {
    fn caller(&mut self) -> CallerTransaction<'_> {
        CallerTransaction::on(&mut self.0)
    }

    fn commit(self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(self.end("COMMIT"))
    }

    fn roll_back(self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(self.end("ROLLBACK"))
    }
}

punctual_testkit::job_store_suite!(mysql, Tables);
