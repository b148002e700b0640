use std::future::pending;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use punctual_core::{
    AddOutcome, CallerTransaction, Claims, CommitBatch, CommitOutcome, CorruptRecord,
    HistoryRecordQuery, JobCursor, JobId, JobRecordPage, JobStore, Metadata, NewRecord, NodeId,
    RecordUpdate, Renewal, Revision, RunHistory, StoreCaps, StoredJob, TakeOver, TakeOverFrom,
    TaskFilter, Timestamp, TransactionalJobs,
};

use super::*;
use crate::job_store;

/// The storage that the options refer to. The number identifies the current file.
#[derive(Default)]
struct Storage {
    number: AtomicU64,
    opened: AtomicU64,
    closed: AtomicU64,
    hangs: AtomicBool,
    conflicts: AtomicU64,
}

#[derive(Clone)]
struct TestStore {
    handle: BackendHandle<File>,
}

job_store!(TestStore, File);

impl TestStore {
    fn new() -> (Self, Arc<Storage>) {
        let storage = Arc::new(Storage::default());
        (Self { handle: BackendHandle::new(storage.clone()) }, storage)
    }
}

#[derive(Clone)]
struct File {
    storage: Arc<Storage>,
    number: u64,
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("File")
    }
}

fn unavailable(message: &str) -> StoreError {
    StoreError::new(StoreErrorKind::Unavailable, message)
}

/// Implements the methods that no test calls.
macro_rules! unused {
    ($($name:ident($($type:ty),*) -> $output:ty;)*) => {$(
        async fn $name(&self, $(_: $type),*) -> Result<$output, StoreError> {
            Err(unavailable(stringify!($name)))
        }
    )*};
}

impl Backend for File {
    type Options = Arc<Storage>;

    fn caps(_: &Arc<Storage>) -> StoreCaps {
        StoreCaps::shared()
    }

    async fn open(storage: &Arc<Storage>) -> Result<Self, StoreError> {
        storage.opened.fetch_add(1, Ordering::SeqCst);
        let number = storage.number.load(Ordering::SeqCst);
        Ok(Self { storage: storage.clone(), number })
    }

    fn check(&self) -> Result<(), StoreError> {
        if self.number == self.storage.number.load(Ordering::SeqCst) {
            return Ok(());
        }
        Err(StoreError::new(StoreErrorKind::Replaced, "another file"))
    }

    fn can_reopen(&self) -> bool {
        true
    }

    async fn close(&self) {
        self.storage.closed.fetch_add(1, Ordering::SeqCst);
        if self.storage.hangs.load(Ordering::SeqCst) {
            pending::<()>().await;
        }
    }

    fn call_timeout(_: &Arc<Storage>) -> Option<Duration> {
        Some(Duration::from_secs(5))
    }

    fn is_write_conflict(error: &StoreError) -> bool {
        error.to_string() == "a write conflict"
    }

    async fn next_wakeup(&self, _: &TaskFilter) -> Result<Option<Timestamp>, StoreError> {
        if self.storage.hangs.load(Ordering::SeqCst) {
            pending::<()>().await;
        }
        let left = |left: u64| left.checked_sub(1);
        match self.storage.conflicts.fetch_update(Ordering::SeqCst, Ordering::SeqCst, left) {
            Ok(_) => Err(unavailable("a write conflict")),
            Err(_) => Ok(Some(Timestamp::from_seconds(self.number as i64))),
        }
    }

    unused! {
        add(&[NewRecord]) -> Vec<AddOutcome>;
        update(&JobId, Revision, &RecordUpdate) -> Revision;
        remove(&[JobId]) -> Vec<bool>;
        get(&JobId) -> Option<StoredJob>;
        list(Option<&JobCursor>, usize) -> JobRecordPage;
        claim_due(&NodeId, Timestamp, usize, Duration, &TaskFilter) -> Claims;
        commit(&CommitBatch) -> Vec<CommitOutcome>;
        renew(&NodeId, Timestamp, Timestamp, &TaskFilter) -> Renewal;
        take_over(&NodeId, &TakeOverFrom, Timestamp, usize, &TaskFilter) -> TakeOver;
        metadata() -> Metadata;
        set_metadata(&str, &str) -> ();
        discard(&CorruptRecord) -> bool;
    }
}

async fn next(store: &TestStore) -> Result<i64, StoreError> {
    let next = store.next_wakeup(&TaskFilter::Any).await?;
    Ok(next.expect("the number of the file").as_micros() / 1_000_000)
}

#[tokio::test]
async fn the_backend_is_open_between_start_and_shutdown() {
    let (store, storage) = TestStore::new();
    assert_eq!(next(&store).await.unwrap_err().kind(), StoreErrorKind::Unavailable);
    for round in 1..3 {
        store.start().await.unwrap();
        store.start().await.unwrap();
        assert_eq!(next(&store.clone()).await.unwrap(), 0);
        store.shutdown().await;
        store.shutdown().await;
        assert!(next(&store).await.is_err());
        let counts = [&storage.opened, &storage.closed].map(|count| count.load(Ordering::SeqCst));
        assert_eq!(counts, [round, round]);
    }
    assert_eq!(format!("{store:?}"), "TestStore { .. }");
    assert_eq!(format!("{:?}", store.handle), "BackendHandle { started: false, .. }");
}

#[tokio::test]
async fn a_replaced_backend_fails_one_call_and_is_reopened() {
    let (store, storage) = TestStore::new();
    store.start().await.unwrap();
    storage.number.store(7, Ordering::SeqCst);
    assert_eq!(next(&store).await.unwrap_err().kind(), StoreErrorKind::Replaced);
    assert_eq!((next(&store).await.unwrap(), store.generation()), (7, 1));
    assert_eq!(storage.closed.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_hangs_times_out() {
    let (store, storage) = TestStore::new();
    store.start().await.unwrap();
    storage.hangs.store(true, Ordering::SeqCst);
    let error = next(&store).await.unwrap_err();
    assert!(error.is_retryable() && error.to_string().contains("within 5s"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_that_hangs_times_out() {
    let (store, storage) = TestStore::new();
    store.start().await.unwrap();
    storage.hangs.store(true, Ordering::SeqCst);
    store.shutdown().await;
    assert_eq!(storage.closed.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_write_conflict_is_retried_up_to_the_maximum_number_of_attempts() {
    let (store, storage) = TestStore::new();
    store.start().await.unwrap();
    storage.conflicts.store(u64::from(MAX_CONFLICT_ATTEMPTS) - 1, Ordering::SeqCst);
    assert_eq!(next(&store).await.unwrap(), 0);
    storage.conflicts.store(u64::from(MAX_CONFLICT_ATTEMPTS), Ordering::SeqCst);
    assert_eq!(next(&store).await.unwrap_err().to_string(), "a write conflict");
}

#[tokio::test]
async fn optional_methods_are_unsupported_by_default() {
    let (store, _) = TestStore::new();
    store.start().await.unwrap();
    let error = store.read_history(&HistoryRecordQuery::new()).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unsupported);
    let mut connection = 0;
    let mut transaction = CallerTransaction::on(&mut connection);
    let error = store.remove_in(&mut transaction, &[]).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unsupported);
    assert!(store.watch().await.unwrap().is_none());
    assert_eq!(store.time().await.unwrap(), None);
    assert!(store.metadata().await.is_err());
}
