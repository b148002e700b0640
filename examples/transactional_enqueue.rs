//! An order and the job that ships it, in one transaction: both are there, or neither.
//!
//! Without that, a crash between the two leaves an order that nobody ships, or ships one that was never made.

use std::error::Error;

use punctual::prelude::*;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

#[task]
fn ship(order: i64) -> String {
    format!("order {order} is on its way")
}

/// Takes an order; a customer who can't pay gets none.
async fn take_order(
    scheduler: &AsyncScheduler,
    database: &SqlitePool,
    order: i64,
    pays: bool,
) -> Result<(), Box<dyn Error>> {
    let mut transaction = database.begin_with("BEGIN IMMEDIATE").await?;
    let insert = sqlx::query("INSERT INTO orders (id) VALUES (?)").bind(order);
    insert.execute(&mut *transaction).await?;
    // Without a trigger it runs once, as soon as it is seen.
    scheduler
        .job(ship(order))
        .id(format!("ship {order}"))
        .add_in_transaction(&mut transaction)
        .await?;
    if pays {
        transaction.commit().await?;
        // A scheduler that hears of no changes looks once a second; this one need not wait.
        scheduler.wakeup();
    } else {
        transaction.rollback().await?;
        println!("order {order} was not paid: it has never been");
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("shop.sqlite");

    // The store makes its tables when it starts, in the file of the program's own.
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
    println!("{orders} orders, and as many jobs were run");
    scheduler.shutdown().await?;
    Ok(())
}
