use std::future::pending;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use punctual_core::{
    AddOutcome, CallerTransaction, Claims, CommitBatch, CommitOutcome, CorruptRecord, HistoryQuery,
    JobCursor, JobId, JobPage, JobStore, Metadata, NewRecord, NodeId, RecordUpdate, Renewal,
    Revision, RunHistory, StoreCaps, StoredJob, TakeOver, TaskFilter, Timestamp, TransactionalJobs,
};

use super::*;
use crate::job_store;

/// What is at the place that the options name; each file there has a number.
#[derive(Default)]
struct Place {
    number: AtomicU64,
    opened: AtomicU64,
    closed: AtomicU64,
    hangs: AtomicBool,
    collisions: AtomicU64,
}

#[derive(Clone)]
struct TestStore {
    handle: Handle<File>,
}

job_store!(TestStore, File);

impl TestStore {
    fn new() -> (Self, Arc<Place>) {
        let place = Arc::new(Place::default());
        (Self { handle: Handle::new(place.clone()) }, place)
    }
}

#[derive(Clone)]
struct File {
    place: Arc<Place>,
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

/// The rest, which no test calls.
macro_rules! unused {
    ($($name:ident($($type:ty),*) -> $answer:ty;)*) => {$(
        async fn $name(&self, $(_: $type),*) -> Result<$answer, StoreError> {
            Err(unavailable(stringify!($name)))
        }
    )*};
}

impl Backend for File {
    type Options = Arc<Place>;

    fn caps(_: &Arc<Place>) -> StoreCaps {
        StoreCaps::shared()
    }

    async fn open(place: &Arc<Place>) -> Result<Self, StoreError> {
        place.opened.fetch_add(1, Ordering::SeqCst);
        let number = place.number.load(Ordering::SeqCst);
        Ok(Self { place: place.clone(), number })
    }

    fn check(&self) -> Result<(), StoreError> {
        if self.number == self.place.number.load(Ordering::SeqCst) {
            return Ok(());
        }
        Err(StoreError::new(StoreErrorKind::Replaced, "another file"))
    }

    fn can_reopen(&self) -> bool {
        true
    }

    async fn close(&self) {
        self.place.closed.fetch_add(1, Ordering::SeqCst);
    }

    fn patience(_: &Arc<Place>) -> Option<Duration> {
        Some(Duration::from_secs(5))
    }

    fn is_collision(error: &StoreError) -> bool {
        error.to_string() == "a collision"
    }

    async fn next_wakeup(&self, _: &TaskFilter) -> Result<Option<Timestamp>, StoreError> {
        if self.place.hangs.load(Ordering::SeqCst) {
            pending::<()>().await;
        }
        let left = |left: u64| left.checked_sub(1);
        match self.place.collisions.fetch_update(Ordering::SeqCst, Ordering::SeqCst, left) {
            Ok(_) => Err(unavailable("a collision")),
            Err(_) => Ok(Some(Timestamp::from_seconds(self.number as i64))),
        }
    }

    unused! {
        add(&[NewRecord]) -> Vec<AddOutcome>;
        update(&JobId, Revision, &RecordUpdate) -> Revision;
        remove(&[JobId]) -> Vec<bool>;
        get(&JobId) -> Option<StoredJob>;
        list(Option<&JobCursor>, usize) -> JobPage;
        claim_due(&NodeId, Timestamp, usize, Duration, &TaskFilter) -> Claims;
        commit(&CommitBatch) -> Vec<CommitOutcome>;
        renew(&NodeId, Timestamp, Timestamp, &TaskFilter) -> Renewal;
        take_over(&NodeId, Timestamp, usize, &TaskFilter) -> TakeOver;
        metadata() -> Metadata;
        set_metadata(&str, &str) -> ();
        discard(&CorruptRecord) -> bool;
    }
}

async fn next(store: &TestStore) -> Result<i64, StoreError> {
    let next = store.next_wakeup(&TaskFilter::Any).await?;
    Ok(next.expect("it is the number of the file").as_micros() / 1_000_000)
}

#[tokio::test]
async fn it_is_open_between_a_start_and_a_shutdown() {
    let (store, place) = TestStore::new();
    assert_eq!(next(&store).await.unwrap_err().kind(), StoreErrorKind::Unavailable);
    for round in 1..3 {
        store.start().await.unwrap();
        store.start().await.unwrap();
        assert_eq!(next(&store.clone()).await.unwrap(), 0);
        store.shutdown().await;
        store.shutdown().await;
        assert!(next(&store).await.is_err());
        let counts = [&place.opened, &place.closed].map(|count| count.load(Ordering::SeqCst));
        assert_eq!(counts, [round, round]);
    }
    assert_eq!(format!("{store:?}"), "TestStore { .. }");
    assert_eq!(format!("{:?}", store.handle), "Handle { started: false, .. }");
}

#[tokio::test]
async fn what_was_replaced_fails_one_call_and_is_opened_anew() {
    let (store, place) = TestStore::new();
    store.start().await.unwrap();
    place.number.store(7, Ordering::SeqCst);
    assert_eq!(next(&store).await.unwrap_err().kind(), StoreErrorKind::Replaced);
    assert_eq!((next(&store).await.unwrap(), store.generation()), (7, 1));
    assert_eq!(place.closed.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_hangs_is_given_up() {
    let (store, place) = TestStore::new();
    store.start().await.unwrap();
    place.hangs.store(true, Ordering::SeqCst);
    let error = next(&store).await.unwrap_err();
    assert!(error.is_retryable() && error.to_string().contains("within 5s"), "{error}");
}

#[tokio::test]
async fn a_collision_is_no_failure_unless_there_is_no_end_to_it() {
    let (store, place) = TestStore::new();
    store.start().await.unwrap();
    place.collisions.store(u64::from(ATTEMPTS) - 1, Ordering::SeqCst);
    assert_eq!(next(&store).await.unwrap(), 0);
    place.collisions.store(u64::from(ATTEMPTS), Ordering::SeqCst);
    assert_eq!(next(&store).await.unwrap_err().to_string(), "a collision");
}

#[tokio::test]
async fn what_a_backend_does_not_have_is_not_supported() {
    let (store, _) = TestStore::new();
    store.start().await.unwrap();
    let error = store.read_history(&HistoryQuery::new()).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unsupported);
    let mut connection = 0;
    let mut transaction = CallerTransaction::on(&mut connection);
    let error = store.remove_in(&mut transaction, &[]).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unsupported);
    assert!(store.watch().await.unwrap().is_none());
    assert_eq!(store.time().await.unwrap(), None);
    assert!(store.metadata().await.is_err());
}
