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
