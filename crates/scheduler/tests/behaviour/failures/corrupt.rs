//! Corrupt records are skipped, reported, and removed on request.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use punctual_core::{
    Alias, Claims, CorruptEntry, CorruptKind, CorruptRecord, DynJobStore, JobCursor, JobRecordPage,
    NodeId, StoreError, TaskFilter, Timestamp,
};
use punctual_scheduler::JobQuery;
use punctual_store_memory::MemoryJobStore;
use punctual_testkit::{Layered, StoreLayer};
use punctual_triggers::IntervalTrigger;

use crate::common::{SchedulerFixture, at, note};

/// A store in which one job is corrupt.
#[derive(Clone, Default)]
struct Damaged {
    store: MemoryJobStore,
    corrupt: Arc<Mutex<Option<CorruptRecord>>>,
}

impl Damaged {
    fn corrupt(&self) -> Vec<CorruptRecord> {
        self.corrupt.lock().iter().cloned().collect()
    }
}

impl StoreLayer for Damaged {
    fn inner(&self) -> &dyn DynJobStore {
        &self.store
    }

    async fn claim_due(
        &self,
        node: &NodeId,
        now: Timestamp,
        limit: usize,
        lease: Duration,
        filter: &TaskFilter,
    ) -> Result<Claims, StoreError> {
        let mut claims = self.inner().claim_due(node, now, limit, lease, filter).await?;
        claims.corrupt = self.corrupt();
        Ok(claims)
    }

    async fn list(
        &self,
        after: Option<&JobCursor>,
        limit: usize,
    ) -> Result<JobRecordPage, StoreError> {
        let mut page = self.inner().list(after, limit).await?;
        page.corrupt = self.corrupt();
        Ok(page)
    }

    async fn discard(&self, record: &CorruptRecord) -> Result<bool, StoreError> {
        Ok(self.corrupt.lock().take_if(|own| own.key == record.key).is_some())
    }
}

#[test]
fn a_corrupt_record_does_not_affect_other_jobs() {
    let store = Damaged::default();
    let broken = CorruptRecord::new(CorruptKind::Job, "broken", "its fence is 9223372036854775807");
    *store.corrupt.lock() = Some(broken.clone());
    let fixture =
        SchedulerFixture::new(|builder| builder.job_store("default", Layered(store.clone())));
    let job = fixture.job(note("job".into())).id("job");
    fixture.block_on(job.trigger(IntervalTrigger::seconds(10).start_date(at(10))).add()).unwrap();
    fixture.run_until(35);
    assert_eq!(fixture.log.lines(), ["job@10", "job@20", "job@30"]);
    assert_eq!(fixture.events.with_prefix("RECORD_CORRUPT").len(), 1, "reported once");
    assert_eq!(fixture.health().job_stores[0].corrupt, std::slice::from_ref(&broken));
    assert!(fixture.health().is_ok(), "other jobs are not affected");
    let listed = fixture.block_on(fixture.corrupt_records()).unwrap();
    let entry = CorruptEntry::new(Alias::default(), broken);
    assert_eq!(listed, std::slice::from_ref(&entry));
    assert_eq!(
        entry.to_string(),
        "job store default: the job \"broken\" can't be decoded: its fence is 9223372036854775807"
    );
    assert_eq!(fixture.block_on(fixture.get_jobs(JobQuery::new())).unwrap().len(), 1);

    assert!(fixture.block_on(fixture.discard_corrupt_record(&entry)).unwrap());
    assert!(!fixture.block_on(fixture.discard_corrupt_record(&entry)).unwrap());
    assert_eq!(fixture.block_on(fixture.corrupt_records()).unwrap(), []);
    assert_eq!(fixture.health().job_stores[0].corrupt, []);
}
