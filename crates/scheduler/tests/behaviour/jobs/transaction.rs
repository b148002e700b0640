//! Changes inside a transaction of the caller; `tests/tests/transactions.rs` contains the tests with a database.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use punctual_core::{
    CallerTransaction, DynJobStore, JobId, RecordUpdate, Revision, StoreCaps, StoreError,
    StoreErrorKind, StoredJob,
};
use punctual_scheduler::SchedulerError;
use punctual_store_memory::MemoryJobStore;
use punctual_testkit::{Layered, StoreLayer};
use punctual_triggers::IntervalTrigger;

use crate::common::{SchedulerFixture, note};

/// A store in which a concurrent change always succeeds before a transaction's change.
#[derive(Clone, Default)]
struct AlwaysConflictingStore {
    store: MemoryJobStore,
    /// Whether a transaction reads changes that were committed after it began.
    sees_others: bool,
    /// The number of updates in a transaction.
    tries: Arc<AtomicU64>,
    /// The number of reads outside of any transaction.
    outside: Arc<AtomicU64>,
}

impl StoreLayer for AlwaysConflictingStore {
    fn inner(&self) -> &dyn DynJobStore {
        &self.store
    }

    fn caps(&self) -> StoreCaps {
        self.inner().caps().with_transactions()
    }

    async fn get(&self, id: &JobId) -> Result<Option<StoredJob>, StoreError> {
        self.outside.fetch_add(1, Ordering::Relaxed);
        self.inner().get(id).await
    }

    async fn get_in(
        &self,
        _: &mut CallerTransaction<'_>,
        id: &JobId,
    ) -> Result<Option<StoredJob>, StoreError> {
        let mut found = self.inner().get(id).await?;
        if let Some(job) = found.as_mut().filter(|_| self.sees_others) {
            for _ in 0..self.tries.load(Ordering::Relaxed) {
                job.record.revision = job.record.revision.next();
            }
        }
        Ok(found)
    }

    async fn update_in(
        &self,
        _: &mut CallerTransaction<'_>,
        id: &JobId,
        _: Revision,
        _: RecordUpdate,
    ) -> Result<Revision, StoreError> {
        self.tries.fetch_add(1, Ordering::Relaxed);
        Err(StoreError::conflict(id))
    }
}

#[test]
fn repeated_conflicts_in_a_transaction_return_an_error() {
    for (sees_others, tries) in [(false, 1), (true, 20)] {
        let store = AlwaysConflictingStore { sees_others, ..AlwaysConflictingStore::default() };
        let fixture =
            SchedulerFixture::new(|builder| builder.job_store("default", Layered(store.clone())));
        let job = fixture.job(note("job".into())).id("job").trigger(IntervalTrigger::hours(1));
        fixture.block_on(job.add()).unwrap();
        let outside = store.outside.load(Ordering::Relaxed);
        for change in ["pause", "resume", "due"] {
            store.tries.store(0, Ordering::Relaxed);
            let mut connection = Box::new(7_u64);
            let mut jobs = fixture.in_transaction(&mut connection);
            let error = fixture.block_on(async {
                match change {
                    "pause" => jobs.pause_job("job").await,
                    "resume" => jobs.resume_job("job").await,
                    _ => jobs.make_job_due("job").await,
                }
            });
            let error = error.unwrap_err();
            assert!(
                matches!(&error, SchedulerError::Store { source, .. } if source.kind() == StoreErrorKind::Conflict),
                "{change}: {error}"
            );
            assert_eq!(store.tries.load(Ordering::Relaxed), tries, "{change}");
        }
        assert_eq!(store.outside.load(Ordering::Relaxed), outside);
    }
}
