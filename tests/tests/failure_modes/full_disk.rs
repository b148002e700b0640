//! The file system of the store is full.

use std::path::Path;
use std::time::Duration;

use punctual::core::{
    AddOutcome, Commit, CommitAction, CommitBatch, CommitOutcome, JobRecord, NewRecord, Schedule,
    StoredJob, TaskFilter,
};
use punctual::{DynJobStore, StoreError, StoreErrorKind, Timestamp, error_chain};
use punctual_backends::Backend;
use punctual_tests::disk::{DiskFiller, on_a_small_disk};
use punctual_tests::test_store::TestStore;

use crate::state::{State, at, job, node, run};

/// `test` is the full name of the calling test.
pub(crate) fn nothing_is_lost(backend: &'static Backend, test: &str) {
    on_a_small_disk(test, 256, |folder| {
        let test_store = TestStore::new(backend, folder);
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(fill_and_free_disk(&test_store, folder));
    });
}

async fn fill_and_free_disk(test_store: &TestStore, folder: &Path) {
    let store = test_store.open().await;
    let store = &*store;
    store.renew(&node(), at(0), at(60), &TaskFilter::Any).await.unwrap();
    store.set_metadata("key", "kept").await.unwrap();
    add(store, (0..200).map(|n| job(&format!("early-{n:03}"), 1_000)).collect()).await.unwrap();
    let claims = claim(store, at(0), 1_000).await.unwrap();
    begin(store, claims).await.unwrap();

    let mut filler = DiskFiller::leaving_free(2 << 20, folder);
    let mut kept = State::of(store).await.unwrap();
    let mut batches = (0..100).map(|batch| {
        (0..8).map(|n| job(&format!("late-{batch:02}-{n}"), 60_000)).collect::<Vec<_>>()
    });
    let (mut refused, error) = loop {
        let batch = batches.next().expect("too little space for all batches");
        match add(store, batch.clone()).await {
            Ok(()) => match State::of(store).await {
                Ok(state) => kept = state,
                Err(error) => break (batch, error),
            },
            Err(error) => break (batch, error),
        }
    };
    check_error(&error, test_store);
    if !test_store.has_crashed() {
        assert_eq!(
            State::of(store).await.unwrap(),
            kept,
            "the earlier data are kept, and no part of the batch was added"
        );
        filler.fill();
        kept = check_full_disk(test_store, store, kept).await;
    }

    drop(filler);
    let has_crashed = test_store.has_crashed();
    if has_crashed {
        test_store.restart();
    }
    let mut restored = State::of(store).await.unwrap();
    if has_crashed {
        // etcd and ZooKeeper also stop after they have acknowledged a batch, or written it without an
        // acknowledgement.
        refused.retain(|job| restored.jobs.iter().all(|stored| stored.record.id != job.id));
        let is_late =
            |job: &StoredJob| kept.jobs.iter().all(|kept| kept.record.id != job.record.id);
        let late: Vec<_> = restored.jobs.extract_if(.., |job| is_late(job)).collect();
        assert!(late.is_empty() || refused.is_empty(), "a batch is added or refused");
        assert_eq!(restored, kept);
        kept.jobs.extend(late);
    } else {
        assert_eq!(restored, kept);
    }
    let count = kept.jobs.len() + refused.len();
    add(store, refused).await.expect("adding works with free space");
    let claims = claim(store, at(30), 1_000).await.expect("claiming works");
    begin(store, claims).await.expect("committing works");
    let after = State::of(store).await.unwrap();
    assert_eq!(after.jobs.len(), count);
    assert!(after.jobs.iter().all(|job| job.runs.len() == 1), "each job has one recorded run");

    test_store.restart();
    let reopened = test_store.open().await;
    assert_eq!(State::of(&*reopened).await.unwrap(), after);
    store.shutdown().await;
    reopened.shutdown().await;
}

/// Operations that need no space may succeed; returns the expected state.
async fn check_full_disk(
    test_store: &TestStore,
    store: &dyn DynJobStore,
    mut kept: State,
) -> State {
    let done = match claim(store, at(0), 3).await {
        Ok(claims) => {
            kept = State::of(store).await.unwrap();
            begin(store, claims).await
        }
        Err(error) => Err(error),
    };
    match done {
        Ok(()) => kept = State::of(store).await.unwrap(),
        Err(error) => check_error(&error, test_store),
    }
    assert_eq!(State::of(store).await.unwrap(), kept);
    kept
}

/// Checks that the error names the cause and is retryable. MariaDB 10.11 aborts when it has no space to roll a
/// statement back, so its error names no cause. ZooKeeper closes its connections before it ends.
fn check_error(error: &StoreError, test_store: &TestStore) {
    assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error}");
    let names_cause = error_chain(error).to_string().contains("full");
    // Each of these attempts runs a script.
    assert!(names_cause || (0..1_000).any(|_| test_store.has_crashed()), "{error}");
    assert!(std::error::Error::source(error).is_some(), "the error has a source");
}

async fn add(store: &dyn DynJobStore, batch: Vec<NewRecord>) -> Result<(), StoreError> {
    let expected = vec![AddOutcome::Added; batch.len()];
    store.add(batch).await.map(|outcomes| assert_eq!(outcomes, expected))
}

async fn claim(
    store: &dyn DynJobStore,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<JobRecord>, StoreError> {
    let lease = Duration::from_secs(30);
    let claims = store.claim_due(&node(), now, limit, lease, &TaskFilter::Any).await?;
    Ok(claims.records)
}

/// Commits the first run of each of these jobs.
async fn begin(store: &dyn DynJobStore, claims: Vec<JobRecord>) -> Result<(), StoreError> {
    let commits = claims.into_iter().zip(1..).map(|(record, number)| {
        let schedule = Schedule::at(at(1_000));
        let action = CommitAction::Advance { schedule, fire_count: 1, start: vec![run(number)] };
        Commit { id: record.id, fence: record.fence, action }
    });
    let batch = CommitBatch::from(commits.collect::<Vec<_>>());
    let expected = vec![CommitOutcome::Done; batch.commits.len()];
    store.commit(batch).await.map(|outcomes| assert_eq!(outcomes, expected))
}
