//! Tests of large batches and definitions.

use punctual_core::{AddOutcome, JobStore, NewRecord, StoredDefinition};

use super::{Tables, at, due};
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

#[tokio::test]
async fn jobs_that_exist_in_a_statement_that_expects_none() {
    let tables = Tables::new().await;
    let store = tables.started().await;
    let jobs = |range: std::ops::Range<i64>| {
        range.map(|n| due(&format!("job {n:05}"), at(n))).collect::<Vec<_>>()
    };
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
