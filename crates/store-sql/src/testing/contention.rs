//! Tests of concurrent transactions.

use std::collections::BTreeSet;
use std::sync::Arc;

use punctual_core::{JobId, NodeId, RecordUpdate, Revision, TakeOverFrom, TaskFilter, TaskName};

use super::{advance, at, due};
use crate::database::Database;
use crate::dialect::{ClaimRequest, Dialect};

/// Checks that runs of a job are taken over without waiting for a transaction that is changing the job.
pub(crate) async fn runs_of_a_busy_job_are_taken_over<D: Dialect>(database: &Database<D>) {
    let (id, new_owner) = (JobId::new("a").unwrap(), NodeId::new("new_owner").unwrap());
    database.add(&[due("a", at(0))]).await.unwrap();
    let dialect = &database.dialect;
    let filter = &TaskFilter::Any;
    let request = ClaimRequest { node: &new_owner, now: at(0), until: at(0), limit: 9, filter };
    let claims = dialect.claim(request).await.unwrap();
    dialect.commit(&vec![advance("a", claims.records[0].fence)].into()).await.unwrap();

    let mut transaction = database.dialect.write().await.unwrap();
    let update = RecordUpdate::default();
    database.update_in(&mut transaction, &id, Revision::FIRST, &update).await.unwrap();
    let tasks = BTreeSet::from([TaskName::new("work").unwrap()]);
    for filter in [TaskFilter::Any, TaskFilter::Only(Arc::new(tasks))] {
        let orphans = database
            .take_over(&new_owner, &TakeOverFrom::ExpiredNodes, at(0), 9, &filter)
            .await
            .unwrap()
            .runs;
        assert_eq!(orphans.len(), 1);
        assert_eq!(orphans[0].record.id, id);
    }
    database.commit(transaction).await.unwrap();
}
