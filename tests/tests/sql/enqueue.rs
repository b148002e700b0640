//! Jobs that are added in a transaction run only after its commit, on each kind of server.

use std::any::Any;
use std::time::Duration;

use punctual::JobStore;
use punctual::prelude::*;
use punctual_testkit::server_url;
use sqlx::{AssertSqlSafe, Database, MySqlPool, PgPool, Pool};
use tokio::sync::mpsc;

/// The timeout for expected events.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Reports the call to the test.
#[task]
async fn ship(context: JobContext, order: i64) {
    let shipped = context.app_data::<mpsc::UnboundedSender<i64>>().expect("a channel");
    shipped.send(order).expect("the test receives it");
}

async fn committed_jobs_run<D: Database>(store: impl JobStore, pool: &Pool<D>)
where
    D::Connection: Any + Send,
{
    let (sender, mut shipped) = mpsc::unbounded_channel::<i64>();
    let scheduler = AsyncScheduler::builder().job_store("default", store).app_data(sender);
    let scheduler = scheduler.timezone("UTC").start().await.unwrap();
    let order = async |commit: bool, number: i64| {
        let mut transaction = pool.begin().await.unwrap();
        let job = scheduler.job(ship(number)).id(number.to_string());
        job.add_in_transaction(&mut transaction).await.unwrap();
        let mut inside = scheduler.in_transaction(&mut transaction);
        assert!(inside.get_job(&*number.to_string()).await.unwrap().is_some());
        if commit {
            transaction.commit().await.unwrap();
        } else {
            transaction.rollback().await.unwrap();
        }
    };
    for number in 0..10 {
        order(number % 2 == 1, number).await;
    }
    let mut numbers = Vec::new();
    while numbers.len() < 5 {
        // No `wakeup` is called: the scheduler finds the job by a notification or by its next poll.
        let number = tokio::time::timeout(TIMEOUT, shipped.recv()).await;
        numbers.push(number.expect("an order is shipped").expect("the scheduler runs"));
    }
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 3, 5, 7, 9]);
    assert!(scheduler.get_jobs(JobQuery::new()).await.unwrap().is_empty());
    scheduler.shutdown().await.unwrap();
    assert!(shipped.try_recv().is_err(), "no other order is shipped");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres() {
    let url = server_url("postgres");
    let schema = format!("t{:016x}", fastrand::u64(..));
    let store = PostgresJobStore::builder().url(&url).schema(&schema).build().unwrap();
    let pool = PgPool::connect(&url).await.unwrap();
    committed_jobs_run(store, &pool).await;
    let drop = AssertSqlSafe(format!("DROP SCHEMA {schema} CASCADE"));
    sqlx::raw_sql(drop).execute(&pool).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn on_mysql() {
    let url = server_url("mysql");
    let prefix = format!("t{:016x}_", fastrand::u64(..));
    let store = MySqlJobStore::builder().url(&url).table_prefix(&prefix).build().unwrap();
    let pool = MySqlPool::connect(&url).await.unwrap();
    committed_jobs_run(store, &pool).await;
    for table in ["jobs", "runs", "nodes", "metadata", "history", "schema"] {
        let drop = AssertSqlSafe(format!("DROP TABLE {prefix}{table}"));
        sqlx::raw_sql(drop).execute(&pool).await.unwrap();
    }
}
