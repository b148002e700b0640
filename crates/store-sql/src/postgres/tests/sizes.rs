//! Tests of large batches and definitions.

use std::ops::Range;

use punctual_core::{
    AddOutcome, JobStore, NewRecord, Revision, Schedule, StoredDefinition, Timestamp,
};
use punctual_testkit::server_url;
use sqlx::Row;
use sqlx::postgres::PgConnectOptions;

use super::{Tables, at, due, unique};
use crate::testing::remove_all;

#[tokio::test]
async fn more_jobs_than_fit_into_one_statement() {
    let tables = Tables::new().await;
    let store = tables.started().await;
    store.add(vec![due("job 07000", at(0))]).await.unwrap();
    let jobs = (0..12_001).map(|n| due(&format!("job {n:05}"), at(n))).collect();
    let outcomes = store.add(jobs).await.unwrap();
    let indexes = |which| (0..outcomes.len()).filter(move |&n| outcomes[n] == which);
    assert_eq!(indexes(AddOutcome::Exists).collect::<Vec<_>>(), [7_000]);
    assert_eq!(remove_all(&store).await.unwrap(), 12_001);
    tables.drop().await;
}

fn jobs(range: Range<i64>) -> Vec<NewRecord> {
    range.map(|n| due(&format!("job {n:05}"), at(n))).collect()
}

#[tokio::test]
async fn jobs_that_exist_among_those_that_are_copied() {
    let tables = Tables::new().await;
    let store = tables.started().await;
    assert_eq!(store.add(jobs(0..3_000)).await.unwrap(), [AddOutcome::Added; 3_000]);
    let mut repeated = jobs(2_999..4_999);
    repeated.push(repeated[7].clone());
    let outcomes = store.add(repeated).await.unwrap();
    assert_eq!(outcomes[0], AddOutcome::Exists);
    assert_eq!(outcomes[1..2_000], [AddOutcome::Added; 1_999]);
    assert_eq!(outcomes[2_000], AddOutcome::Exists);
    assert_eq!(remove_all(&store).await.unwrap(), 4_999);
    tables.drop().await;
}

#[tokio::test]
async fn copied_jobs_have_all_their_values() {
    let tables = Tables::new().await;
    let store = tables.started().await;
    let mut jobs = jobs(0..1_000);
    jobs[1] = NewRecord { schedule: None, ..due("not scheduled: \\N \u{1f570}", at(0)) };
    let delayed = Schedule { next_run_time: Timestamp::MIN, due_at: Timestamp::MAX };
    jobs[2].schedule = Some(delayed);
    jobs[3].definition =
        StoredDefinition::from((0..=255).cycle().take(1 << 20).collect::<Vec<_>>());
    jobs[4].definition = StoredDefinition::from(Vec::new());
    assert_eq!(store.add(jobs.clone()).await.unwrap(), [AddOutcome::Added; 1_000]);
    for new in jobs {
        let stored = store.get(&new.id).await.unwrap().unwrap().record;
        assert_eq!(stored.id, new.id);
        assert_eq!(stored.task, new.task);
        assert!(stored.definition == new.definition, "the definition of {}", new.id);
        assert_eq!(stored.schedule, new.schedule);
        assert_eq!(stored.revision, Revision::FIRST);
    }
    tables.drop().await;
}

#[tokio::test]
async fn many_jobs_in_a_table_that_can_not_be_copied_to() {
    let mut tables = Tables::new().await;
    tables.started().await.shutdown().await;
    let user = unique();
    tables
        .run(&format!(
            "CREATE USER {user} PASSWORD 'hunter2'; GRANT USAGE ON SCHEMA {{schema}} TO {user};
             GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {{schema}} TO {user};
             ALTER TABLE {{p}}jobs ENABLE ROW LEVEL SECURITY;
             CREATE POLICY everything ON {{p}}jobs USING (true)"
        ))
        .await;
    let options: PgConnectOptions = server_url("postgres").parse().unwrap();
    let options = options.username(&user).password("hunter2");
    let store = tables.builder().connect_options(options).build().unwrap();
    store.start().await.unwrap();
    assert_eq!(store.add(jobs(0..1_000)).await.unwrap(), [AddOutcome::Added; 1_000]);
    let count = tables.run("SELECT count(*) FROM {p}jobs").await;
    assert_eq!(count[0].get::<i64, _>(0), 1_000);
    store.shutdown().await;
    tables.run(&format!("DROP OWNED BY {user}; DROP USER {user}")).await;
    tables.drop().await;
}

#[tokio::test]
async fn definitions_that_exceed_the_limit_of_one_statement_in_total() {
    let tables = Tables::new().await;
    let store = tables.started().await;
    let definition = |n: u8| StoredDefinition::from(vec![n; 5 << 20]);
    let jobs =
        (0..7).map(|n| NewRecord { definition: definition(n), ..due(&n.to_string(), at(0)) });
    assert_eq!(store.add(jobs.collect()).await.unwrap(), [AddOutcome::Added; 7]);
    for (n, job) in (0..).zip(store.list(None, 9).await.unwrap().records) {
        assert!(job.definition == definition(n));
    }
    tables.drop().await;
}
