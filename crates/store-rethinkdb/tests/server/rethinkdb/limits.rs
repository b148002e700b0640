//! The largest definitions and ids.

use punctual_core::{AddOutcome, JobStore};
use punctual_testkit::calls::{advance, at, claim, job};

use super::database::Database;

#[tokio::test]
async fn definitions_of_the_largest_size_are_stored_and_claimed() {
    let database = Database::new();
    let store = database.started().await;
    let max = store.caps().max_definition;
    // The longest id, which is hashed, and a definition of the largest size; the scheduler rejects a larger one.
    let id = "é🚀".repeat(95);
    let jobs = vec![job(&id, max), job("b", max), job("c", max), job("d", 10), job("#", 0)];
    assert_eq!(store.add(jobs).await.unwrap(), [AddOutcome::Added; 5]);
    let again = store.add(vec![job(&id, 1), job("#", 1)]).await.unwrap();
    assert_eq!(again, [AddOutcome::Exists; 2]);
    let claims = claim(&store, at(1)).await.unwrap();
    let mut sizes: Vec<_> = claims.iter().map(|claim| claim.definition.as_bytes().len()).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [0, 10, max, max, max]);
    advance(&store, &claims, at(9)).await.unwrap();
    let stored = store.get(&job(&id, 0).id).await.unwrap().expect("the job");
    assert_eq!(stored.record.definition.as_bytes().len(), max);
}

#[tokio::test]
async fn larger_definitions_than_the_largest_size_are_possible() {
    let database = Database::new();
    let store = database.started().await;
    let size = 2 * store.caps().max_definition;
    assert_eq!(store.add(vec![job("a", size)]).await.unwrap(), [AddOutcome::Added]);
    let stored = store.get(&job("a", 0).id).await.unwrap().expect("the job");
    assert_eq!(stored.record.definition.as_bytes().len(), size);
}
