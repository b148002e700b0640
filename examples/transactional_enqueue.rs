//! An order and the job that ships it are inserted in one transaction: either both exist or neither.
//!
//! Without a common transaction, a crash between the two writes leaves an order without a job, or a job without an
//! order.

use std::error::Error;

use punctual::prelude::*;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

#[task]
fn ship(order: i64) -> String {
    format!("order {order} is shipped")
}

/// Inserts an order and its job. The transaction is rolled back if the customer does not pay.
async fn take_order(
    scheduler: &AsyncScheduler,
    database: &SqlitePool,
    order: i64,
    pays: bool,
) -> Result<(), Box<dyn Error>> {
    let mut transaction = database.begin_with("BEGIN IMMEDIATE").await?;
    let insert = sqlx::query("INSERT INTO orders (id) VALUES (?)").bind(order);
    insert.execute(&mut *transaction).await?;
    // A job without a trigger runs once, as soon as possible.
    scheduler
        .job(ship(order))
        .id(format!("ship {order}"))
        .add_in_transaction(&mut transaction)
        .await?;
    if pays {
        transaction.commit().await?;
        // Without change notifications, the scheduler polls the store once per second. `wakeup` triggers an immediate
        // check.
        scheduler.wakeup();
    } else {
        transaction.rollback().await?;
        println!("order {order} was not paid; the transaction is rolled back");
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("shop.sqlite");

    // The store creates its tables at start, in the same database as those of the program.
    let scheduler = AsyncScheduler::builder()
        .job_store("default", SqliteJobStore::open(&file)?)
        .task(ship)
        .start()
        .await?;
    let mut shipped = scheduler.events(EventMask::JOB_EXECUTED);

    let database = SqlitePool::connect_with(SqliteConnectOptions::new().filename(&file)).await?;
    sqlx::query("CREATE TABLE orders (id INTEGER PRIMARY KEY)").execute(&database).await?;

    take_order(&scheduler, &database, 1, true).await?;
    take_order(&scheduler, &database, 2, false).await?;
    take_order(&scheduler, &database, 3, true).await?;

    for _ in 0..2 {
        if let Some(Event::JobExecuted(run)) = shipped.next().await
            && let Some(outcome) = run.outcome
        {
            println!("{outcome}");
        }
    }
    let orders: i64 =
        sqlx::query_scalar("SELECT count(*) FROM orders").fetch_one(&database).await?;
    println!("{orders} orders and the same number of finished jobs");
    scheduler.shutdown().await?;
    Ok(())
}
