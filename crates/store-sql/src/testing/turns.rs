//! What happens between two statements of somebody else's.

use std::collections::BTreeSet;
use std::sync::Arc;

use punctual_core::{JobId, NodeId, RecordUpdate, Revision, TaskFilter, TaskName};

use super::{advance, at, due};
use crate::database::Database;
use crate::dialect::{Dialect, Wanted};

/// Somebody changes the job at this moment, and is not waited for.
pub(crate) async fn runs_of_a_busy_job_are_taken_over<D: Dialect>(database: &Database<D>) {
    let (id, heir) = (JobId::new("a").unwrap(), NodeId::new("heir").unwrap());
    database.add(&[due("a", at(0))]).await.unwrap();
    let dialect = &database.dialect;
    let filter = &TaskFilter::Any;
    let wanted = Wanted { node: &heir, now: at(0), until: at(0), limit: 9, filter };
    let claims = dialect.claim(wanted).await.unwrap();
    dialect.commit(&vec![advance("a", claims.records[0].fence)].into()).await.unwrap();

    let mut transaction = database.dialect.write().await.unwrap();
    let update = RecordUpdate::default();
    database.update_in(&mut transaction, &id, Revision::FIRST, &update).await.unwrap();
    let tasks = BTreeSet::from([TaskName::new("work").unwrap()]);
    for filter in [TaskFilter::Any, TaskFilter::Only(Arc::new(tasks))] {
        let orphans = database.take_over(&heir, at(0), 9, &filter).await.unwrap().runs;
        assert_eq!(orphans.len(), 1);
        assert_eq!(orphans[0].record.id, id);
    }
    database.end(transaction).await.unwrap();
}
