//! What happens between two statements of somebody else's.

use std::collections::BTreeSet;
use std::sync::Arc;

use punctual_core::{CommitOutcome, JobId, NodeId, RecordUpdate, Revision, TaskFilter, TaskName};

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

/// Somebody changes the job at this moment, and is not waited for.
pub(crate) async fn runs_of_a_busy_job_are_taken_over<D: Dialect>(database: &Database<D>) {
    let (id, heir) = (JobId::new("a").unwrap(), NodeId::new("heir").unwrap());
    database.add(&[due("a", at(0))]).await.unwrap();
    let fence = database.get(&id).await.unwrap().unwrap().fence;
    database.dialect.commit(&vec![advance("a", fence)].into()).await.unwrap();

    let mut transaction = database.dialect.write().await.unwrap();
    let update = RecordUpdate::default();
    database.update_in(&mut transaction, &id, Revision::FIRST, &update).await.unwrap();
    let tasks = BTreeSet::from([TaskName::new("work").unwrap()]);
    for filter in [TaskFilter::Any, TaskFilter::Only(Arc::new(tasks))] {
        let orphans = database.take_over(&heir, at(0), 9, &filter).await.unwrap();
        assert_eq!(orphans.len(), 1);
        assert_eq!(orphans[0].record.id, id);
    }
    database.end(transaction).await.unwrap();
}
