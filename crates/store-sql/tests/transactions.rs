//! Tests of jobs that are changed in a transaction of the caller.

#![cfg(any(feature = "sqlite", feature = "mysql", feature = "postgres"))]

use std::any::Any;

use punctual_core::{
    AddOutcome, CallerTransaction, JobId, JobStore, NewRecord, RecordUpdate, Revision, Schedule,
    StoreErrorKind, StoredDefinition, TaskFilter, TaskName, Timestamp,
};
use sqlx::{Database, Pool};

fn id(name: &str) -> JobId {
    JobId::new(name).unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_700_000_000 + seconds)
}

fn due(name: &str, when: Timestamp) -> NewRecord {
    NewRecord {
        id: id(name),
        task: TaskName::new("work").unwrap(),
        definition: StoredDefinition::from(name.as_bytes()),
        schedule: Some(Schedule::at(when)),
    }
}

async fn ids(store: &impl JobStore) -> Vec<String> {
    let page = store.list(None, 100).await.unwrap();
    page.records.iter().map(|job| job.id.to_string()).collect()
}

/// Runs all checks on two started stores with the same tables, and a pool of the caller.
async fn check<D: Database>(ours: &impl JobStore, others: &impl JobStore, pool: &Pool<D>)
where
    D::Connection: Any + Send,
{
    others.add(vec![due("old", at(50)), due("gone", at(60))]).await.unwrap();

    // Rolled back changes have no effect.
    let mut transaction = pool.begin().await.unwrap();
    let mut caller = CallerTransaction::on(&mut *transaction);
    let added = ours.add_in(&mut caller, vec![due("a", at(0)), due("old", at(9))]).await;
    assert_eq!(added.unwrap(), [AddOutcome::Added, AddOutcome::Exists]);
    assert!(ours.remove_in(&mut caller, &[id("gone")]).await.unwrap()[0]);
    let seen = ours.get_in(&mut caller, &id("a")).await.unwrap().expect("the job that was added");
    let seen = seen.record;
    assert_eq!((seen.revision, seen.schedule), (Revision::FIRST, Some(Schedule::at(at(0)))));
    assert!(ours.get_in(&mut caller, &id("gone")).await.unwrap().is_none());
    assert_eq!(ids(others).await, ["old", "gone"]);
    assert_eq!(others.next_wakeup(&TaskFilter::Any).await.unwrap(), Some(at(50)));
    transaction.rollback().await.unwrap();
    assert_eq!(ids(others).await, ["old", "gone"]);

    // Committed changes are visible to all.
    others.set_metadata("kept", "as it is").await.unwrap();
    let mut transaction = pool.begin().await.unwrap();
    let mut caller = CallerTransaction::on(&mut *transaction);
    ours.add_in(&mut caller, vec![due("a", at(0))]).await.unwrap();
    let update = RecordUpdate {
        definition: Some((TaskName::new("other").unwrap(), StoredDefinition::from(&b"new"[..]))),
        schedule: Some(None),
        ..Default::default()
    };
    let old = id("old");
    let updated = ours.update_in(&mut caller, &old, Revision::FIRST, update.clone()).await;
    assert_eq!(updated.unwrap(), Revision::FIRST.next());
    for (name, kind) in [("old", StoreErrorKind::Conflict), ("none", StoreErrorKind::NotFound)] {
        let update = update.clone();
        let updated = ours.update_in(&mut caller, &id(name), Revision::FIRST, update).await;
        assert_eq!(updated.unwrap_err().kind(), kind);
    }
    assert!(ours.remove_in(&mut caller, &[id("gone")]).await.unwrap()[0]);
    assert!(!ours.remove_in(&mut caller, &[id("none")]).await.unwrap()[0]);
    ours.add_metadata_in(&mut caller, "kept", "overwritten").await.unwrap();
    ours.add_metadata_in(&mut caller, "new", "it's there").await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(ids(others).await, ["a", "old"]);
    let old = others.get(&id("old")).await.unwrap().unwrap().record;
    assert_eq!((old.task.as_str(), old.definition.as_bytes()), ("other", &b"new"[..]));
    assert_eq!((old.schedule, old.revision), (None, Revision(2)));
    let notes = [("kept", "as it is"), ("new", "it's there")].map(|(k, t)| (k.into(), t.into()));
    assert_eq!(others.metadata().await.unwrap().values, notes);

    // A transaction of another kind of database is rejected, and the error contains the expected kind.
    let mut wrong = String::new();
    let mut caller = CallerTransaction::on(&mut wrong);
    let error = ours.add_in(&mut caller, vec![due("b", at(0))]).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Invalid);
    for word in [D::NAME, "String", std::any::type_name::<D::Connection>()] {
        assert!(error.to_string().contains(word), "{error}");
    }

    // Calls fail if the store is not started.
    ours.shutdown().await;
    let mut connection = pool.acquire().await.unwrap();
    let caller = &mut CallerTransaction::on(&mut *connection);
    let error = ours.get_in(caller, &id("a")).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unavailable);
}

#[cfg(feature = "sqlite")]
#[tokio::test]
async fn sqlite() {
    use punctual_store_sql::SqliteJobStore;
    use sqlx::sqlite::{SqliteConnectOptions, SqlitePool};

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.sqlite");
    let open = || SqliteJobStore::open(&path).unwrap();
    let (ours, others) = (open(), open());
    ours.start().await.unwrap();
    others.start().await.unwrap();
    let pool = SqlitePool::connect_lazy_with(SqliteConnectOptions::new().filename(&path));
    check(&ours, &others, &pool).await;
}

#[cfg(feature = "mysql")]
#[tokio::test]
async fn mysql() {
    use punctual_store_sql::MySqlJobStore;
    use sqlx::{AssertSqlSafe, MySqlPool};

    let url = punctual_testkit::server_url("mysql");
    let prefix = format!("t{}_", uuid::Uuid::new_v4().simple());
    let open = || MySqlJobStore::builder().url(&url).table_prefix(&*prefix).build().unwrap();
    let (ours, others) = (open(), open());
    ours.start().await.unwrap();
    others.start().await.unwrap();
    let pool = MySqlPool::connect(&url).await.unwrap();
    check(&ours, &others, &pool).await;
    for table in ["jobs", "runs", "nodes", "metadata", "history", "schema"] {
        let drop = AssertSqlSafe(format!("DROP TABLE {prefix}{table}"));
        sqlx::raw_sql(drop).execute(&pool).await.unwrap();
    }
}

#[cfg(feature = "postgres")]
#[tokio::test]
async fn postgres() {
    use punctual_core::{BoxFuture, StoreError, TransactionalJobs};
    use punctual_store_sql::PostgresJobStore;
    use sqlx::{AssertSqlSafe, PgPool};

    let url = punctual_testkit::server_url("postgres");
    let schema = format!("t{}", uuid::Uuid::new_v4().simple());
    let open = || PostgresJobStore::builder().url(&url).schema(&schema).build().unwrap();
    let (ours, others) = (open(), open());
    ours.start().await.unwrap();
    others.start().await.unwrap();
    let pool = PgPool::connect(&url).await.unwrap();
    check(&ours, &others, &pool).await;

    // Watchers are notified when the transaction is committed.
    ours.start().await.unwrap();
    let mut watch = others.watch().await.unwrap().expect("PostgreSQL notifies");
    let mut transaction = pool.begin().await.unwrap();
    let mut caller = CallerTransaction::on(&mut *transaction);
    ours.add_in(&mut caller, vec![due("notified", at(0))]).await.unwrap();
    let mut changed: BoxFuture<'_, Result<(), StoreError>> = watch.changed();
    let wait = std::time::Duration::from_millis(200);
    assert!(tokio::time::timeout(wait, &mut changed).await.is_err(), "not before");
    transaction.commit().await.unwrap();
    changed.await.unwrap();
    drop(watch);

    others.shutdown().await;
    let drop = AssertSqlSafe(format!("DROP SCHEMA {schema} CASCADE"));
    sqlx::raw_sql(drop).execute(&pool).await.unwrap();
}
