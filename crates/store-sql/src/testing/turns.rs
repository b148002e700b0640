//! What happens between two statements of somebody else's.

use punctual_core::{CommitOutcome, JobId};

use super::{advance, at, due};
use crate::database::Database;
use crate::dialect::Dialect;

pub(crate) async fn removing_all_leaves_the_runs_of_new_jobs<D: Dialect>(database: &Database<D>) {
    database.add(&[due("old", at(0))]).await.unwrap();
    let mut transaction = database.dialect.write().await.unwrap();
    let removed = database.execute(&mut transaction, D::STATEMENTS.remove_all, &[]).await;
    assert_eq!(removed.unwrap(), 1);

    // Others add a job and start it.
    let id = JobId::new("new").unwrap();
    database.add(&[due("new", at(0))]).await.unwrap();
    let fence = database.get(&id).await.unwrap().unwrap().fence;
    let outcomes = database.dialect.commit(&vec![advance("new", fence)].into()).await.unwrap();
    assert_eq!(outcomes, [CommitOutcome::Done]);

    database.execute(&mut transaction, D::STATEMENTS.remove_all_runs, &[]).await.unwrap();
    database.end(transaction).await.unwrap();
    assert_eq!(database.in_flight(&id).await.unwrap().len(), 1);
    assert_eq!(database.remove_all().await.unwrap(), 1);
    assert!(database.in_flight(&id).await.unwrap().is_empty());
}
