//! Jobs are added and changed inside a transaction of the program, together with its other data.

use std::time::Duration;

use punctual::error_chain;
use punctual::prelude::*;

use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use tempfile::TempDir;
use tokio::sync::mpsc;

/// The timeout for expected events.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Reports the call to the test.
#[task]
async fn ship(context: JobContext, order: i64) {
    let shipped = context.app_data::<mpsc::UnboundedSender<i64>>().expect("a channel");
    shipped.send(order).expect("the test receives it");
}

/// A program with orders and jobs in one database.
struct Shop {
    _folder: TempDir,
    pool: SqlitePool,
    scheduler: AsyncScheduler,
    shipped: mpsc::UnboundedReceiver<i64>,
}

impl Shop {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shop.sqlite");
        let (sender, shipped) = mpsc::unbounded_channel();
        let scheduler = AsyncScheduler::builder()
            .job_store("default", SqliteJobStore::open(&path).unwrap())
            .job_store("memory", MemoryJobStore::new())
            .poll_interval(Duration::from_millis(100))
            .app_data(sender)
            .timezone("Europe/Helsinki")
            .task(ship)
            .start()
            .await
            .unwrap();
        let options = SqliteConnectOptions::new().filename(&path).busy_timeout(TIMEOUT);
        let pool = SqlitePoolOptions::new().connect_with(options).await.unwrap();
        sqlx::query("CREATE TABLE orders (id INTEGER PRIMARY KEY)").execute(&pool).await.unwrap();
        Self { _folder: folder, pool, scheduler, shipped }
    }

    async fn next_shipped(&mut self) -> i64 {
        let shipped = tokio::time::timeout(TIMEOUT, self.shipped.recv()).await;
        shipped.expect("an order is shipped").expect("the scheduler runs")
    }

    /// Returns the ids of all stored jobs.
    async fn jobs(&self) -> Vec<String> {
        let jobs = self.scheduler.get_jobs(JobQuery::new().job_store("default")).await.unwrap();
        jobs.iter().map(|job| job.id.to_string()).collect()
    }
}

/// Inserts an order and adds a job that ships it immediately.
async fn order(shop: &Shop, transaction: &mut sqlx::SqliteTransaction<'_>, order: i64) {
    let insert = sqlx::query("INSERT INTO orders (id) VALUES (?)").bind(order);
    insert.execute(&mut **transaction).await.unwrap();
    let job = shop.scheduler.job(ship(order)).id(order.to_string());
    let job = job.add_in_transaction(transaction).await.unwrap();
    assert_eq!(job.id.as_str(), order.to_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn only_committed_jobs_run() {
    let mut shop = Shop::open().await;
    let mut added = shop.scheduler.events(EventMask::JOB_ADDED);
    let mut dropped = shop.pool.begin().await.unwrap();
    order(&shop, &mut dropped, 1).await;
    drop(dropped);
    let mut undone = shop.pool.begin().await.unwrap();
    order(&shop, &mut undone, 2).await;
    assert!(shop.jobs().await.is_empty(), "the job is invisible outside of the transaction");
    undone.rollback().await.unwrap();
    let mut done = shop.pool.begin().await.unwrap();
    order(&shop, &mut done, 3).await;
    done.commit().await.unwrap();
    // No `wakeup` is called: the scheduler's poll finds the job.
    assert_eq!(shop.next_shipped().await, 3);
    assert_eq!(shop.jobs().await, [""; 0]);
    let orders: Vec<i64> =
        sqlx::query_scalar("SELECT id FROM orders").fetch_all(&shop.pool).await.unwrap();
    assert_eq!(orders, [3]);

    // No event was emitted for these jobs: the first event is that of a job added outside of a transaction.
    let job = shop.scheduler.job(ship(4)).id("outside").add().await.unwrap();
    let Some(Event::JobAdded(event)) = added.next().await else { panic!("unexpected event") };
    assert_eq!(event.job_id, job.id);
    assert_eq!(shop.next_shipped().await, 4);
    shop.scheduler.shutdown().await.unwrap();
    assert!(shop.shipped.try_recv().is_err(), "every order is shipped once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wakeup_after_the_commit_avoids_the_poll_delay() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.sqlite");
    let (sender, mut shipped) = mpsc::unbounded_channel::<i64>();
    let scheduler = AsyncScheduler::builder()
        .job_store("default", SqliteJobStore::open(&path).unwrap())
        .poll_interval(Duration::from_secs(3_600))
        .app_data(sender)
        .start()
        .await
        .unwrap();
    let pool = SqlitePool::connect_with(SqliteConnectOptions::new().filename(&path)).await.unwrap();
    let mut transaction = pool.begin().await.unwrap();
    scheduler.job(ship(7)).add_in_transaction(&mut transaction).await.unwrap();
    transaction.commit().await.unwrap();
    scheduler.wakeup();
    assert_eq!(tokio::time::timeout(TIMEOUT, shipped.recv()).await.unwrap(), Some(7));
    scheduler.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_found_changed_and_removed_in_a_transaction() {
    let mut shop = Shop::open().await;
    let far = || DateTrigger::at(Timestamp::MAX);
    let add = async |id: &str, order| {
        let job = shop.scheduler.job(ship(order)).id(id).trigger(far());
        job.add().await.unwrap();
    };
    for (id, order) in [("change", 1), ("pause", 2), ("resume", 3), ("remove", 4), ("due", 5)] {
        add(id, order).await;
    }
    shop.scheduler.pause_job("resume").await.unwrap();
    let before = shop.jobs().await;

    for commit in [false, true] {
        let mut transaction = shop.pool.begin().await.unwrap();
        let mut inside = shop.scheduler.in_transaction(&mut transaction);
        let change = JobChange::new().call(ship(10)).name("changed");
        let changed = inside.modify_job("change", change).await.unwrap();
        assert_eq!(changed.name(), "changed");
        let soon = shop.scheduler.get_job("change").await.unwrap().unwrap();
        assert_eq!(soon.name(), "ship", "the change is invisible outside of the transaction");
        inside.reschedule_job("change", DateTrigger::now()).await.unwrap();
        assert!(inside.pause_job("pause").await.unwrap().next_run_time.is_none());
        assert!(inside.resume_job("resume").await.unwrap().next_run_time.is_some());
        inside.remove_job("remove").await.unwrap();
        assert!(inside.get_job("remove").await.unwrap().is_none());
        inside.make_job_due("due").await.unwrap();
        let new = inside.job(ship(6)).id("new").trigger(far()).add().await.unwrap();
        assert_eq!(inside.get_job(&new).await.unwrap().unwrap().id.as_str(), "new");
        let again = inside.job(ship(6)).id("new").trigger(far()).add().await.unwrap_err();
        assert!(matches!(again, SchedulerError::JobExists { .. }), "{again}");
        let replaced = inside.job(ship(60)).id("new").trigger(far()).replace_existing(true);
        replaced.add().await.unwrap();
        let missing = inside.remove_job("none").await.unwrap_err();
        assert!(matches!(missing, SchedulerError::JobNotFound { .. }), "{missing}");
        if commit {
            transaction.commit().await.unwrap();
        } else {
            transaction.rollback().await.unwrap();
            assert_eq!(shop.jobs().await, before);
        }
    }
    let mut shipped = [shop.next_shipped().await, shop.next_shipped().await];
    shipped.sort_unstable();
    assert_eq!(shipped, [5, 10]);
    let paused = shop.scheduler.get_job("pause").await.unwrap().unwrap();
    assert!(paused.next_run_time.is_none());
    shop.scheduler.make_job_due("new").await.unwrap();
    assert_eq!(shop.next_shipped().await, 60, "the job was replaced");
    shop.scheduler.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn zone_rules_are_recorded_in_the_transaction_of_the_first_job() {
    use punctual::JobStore;

    let shop = Shop::open().await;
    let store = SqliteJobStore::open(shop._folder.path().join("shop.sqlite")).unwrap();
    store.start().await.unwrap();
    let cron = || CronTrigger::builder().hour(3);
    let mut undone = shop.pool.begin().await.unwrap();
    let job = shop.scheduler.job(ship(1)).trigger(cron());
    job.add_in_transaction(&mut undone).await.unwrap();
    undone.rollback().await.unwrap();
    assert_eq!(store.metadata().await.unwrap().values, []);
    let mut done = shop.pool.begin().await.unwrap();
    shop.scheduler.job(ship(1)).trigger(cron()).add_in_transaction(&mut done).await.unwrap();
    done.commit().await.unwrap();
    let rules = store.metadata().await.unwrap().values;
    assert!(rules.len() == 1 && rules[0].0.ends_with("Europe/Helsinki"), "{rules:?}");
    shop.scheduler.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn unsupported_transactions_are_errors() {
    let shop = Shop::open().await;
    let mut transaction = shop.pool.begin().await.unwrap();
    let memory = shop.scheduler.job(ship(1)).job_store("memory");
    let error = memory.add_in_transaction(&mut transaction).await.unwrap_err();
    let error = error_chain(&error).to_string();
    assert!(error.contains("memory") && error.contains("SqliteConnection"), "{error}");
    let wrong = shop.scheduler.job(ship(1)).add_in_transaction(&mut Box::new(7_u64)).await;
    let error = error_chain(&wrong.unwrap_err()).to_string();
    let words = ["default", "SQLite", "u64", "SqliteConnection"];
    assert!(words.iter().all(|word| error.contains(word)), "{error}");
    let closure = shop.scheduler.job(|| {}).add_in_transaction(&mut transaction).await.unwrap_err();
    assert!(matches!(closure, SchedulerError::ClosureNotStorable { .. }), "{closure}");
    drop(transaction);
    shop.scheduler.shutdown().await.unwrap();
    let mut transaction = shop.pool.begin().await.unwrap();
    let error = shop.scheduler.job(ship(1)).add_in_transaction(&mut transaction).await.unwrap_err();
    assert!(matches!(error, SchedulerError::NotRunning), "{error}");
    let error = shop.scheduler.in_transaction(&mut transaction).get_job("a").await.unwrap_err();
    assert!(matches!(error, SchedulerError::NotRunning), "{error}");
}
