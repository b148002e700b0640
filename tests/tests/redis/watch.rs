//! Notifications of changes.

use std::time::Duration;

use punctual::core::{
    ChangeWatch, Commit, CommitAction, CommitOutcome, InFlightRun, JobStore, NewRecord,
    RecordUpdate, Schedule,
};
use punctual::{RedisJobStore, Revision, RunId, Timestamp};
use punctual_testkit::calls::{add, at, claim, job, node};
use punctual_tests::server::Server;
use tokio::time::timeout;

use crate::client::execute;

const WAIT_TIMEOUT: Duration = Duration::from_secs(60);

/// Waits for a notification, and returns when the added jobs are due.
async fn notified_due(watch: &mut Box<dyn ChangeWatch>) -> Option<Timestamp> {
    assert_notified(watch).await;
    watch.due_at()
}

async fn assert_notified(watch: &mut Box<dyn ChangeWatch>) {
    timeout(WAIT_TIMEOUT, watch.changed()).await.expect("a notification").unwrap();
}

/// The number of messages that were published since the last call.
fn published(server: &Server) -> u64 {
    let stats = execute(server, &["INFO", "commandstats"]);
    let calls = stats.lines().find_map(|line| line.trim().strip_prefix("cmdstat_publish:calls="));
    let number = calls.and_then(|rest| rest.split(',').next()).unwrap_or("0");
    execute(server, &["CONFIG", "RESETSTAT"]);
    number.parse().expect("a number")
}

#[tokio::test]
async fn changes_of_users_are_notified_and_advances_are_not() {
    let server = Server::start("redis");
    let store = RedisJobStore::open(server.url()).unwrap();
    store.start().await.unwrap();
    // The start has published one to check the permission.
    published(&server);
    add(&store, &["a", "b"]).await.unwrap();
    assert_eq!(published(&server), 1, "one for a batch");
    store.add(vec![job("a", 10)]).await.unwrap();
    assert_eq!(published(&server), 0, "nothing was added");
    let id = job("a", 10).id;
    let update = RecordUpdate { schedule: Some(Some(Schedule::at(at(0)))), ..Default::default() };
    store.update(&id, Revision::FIRST, update).await.unwrap();
    assert_eq!(published(&server), 1);

    let claims = claim(&store, at(0)).await.unwrap();
    let fence = claims.iter().find(|claim| claim.id == id).expect("the claim").fence;
    let commit = async |action| {
        let outcomes = store.commit(vec![Commit { id: id.clone(), fence, action }].into()).await;
        assert_eq!(outcomes.unwrap(), [CommitOutcome::Done]);
        published(&server)
    };
    let schedule = Schedule { next_run_time: at(9), due_at: at(10) };
    let advance = CommitAction::Advance { schedule, fire_count: 1, start: vec![] };
    assert_eq!(commit(advance).await, 0, "the claiming node knows the new due time");
    assert_eq!(commit(CommitAction::BringForward { due_at: at(9) }).await, 1);
    assert_eq!(commit(CommitAction::BringForward { due_at: at(9) }).await, 0, "not earlier");
    let run = InFlightRun {
        run_id: RunId::random(),
        scheduled_time: at(0),
        attempt: 1,
        node: node(),
        fence,
    };
    let start = CommitAction::Start { runs: vec![run] };
    assert_eq!(commit(start).await, 1, "it may have ended a claim of another node");
}

#[tokio::test]
async fn notifications_of_added_jobs_tell_when_they_are_due() {
    let server = Server::start("redis");
    let store = RedisJobStore::open(server.url()).unwrap();
    store.start().await.unwrap();
    let mut watch = store.watch().await.unwrap().unwrap();
    let due =
        |name, seconds| NewRecord { schedule: Some(Schedule::at(at(seconds))), ..job(name, 10) };
    store.add(vec![due("a", 7), due("b", -5), due("c", 3)]).await.unwrap();
    assert_eq!(notified_due(&mut watch).await, Some(at(-5)));
    store.add(vec![NewRecord { schedule: None, ..job("paused", 10) }]).await.unwrap();
    assert_eq!(notified_due(&mut watch).await, None);
    let update = RecordUpdate { schedule: Some(Some(Schedule::at(at(0)))), ..Default::default() };
    store.update(&job("a", 10).id, Revision::FIRST, update).await.unwrap();
    assert_eq!(
        notified_due(&mut watch).await,
        None,
        "a job that was changed may be due at any time"
    );
}

#[tokio::test]
async fn a_closed_connection_is_replaced_and_reported_as_a_change() {
    let server = Server::start("redis");
    let store = RedisJobStore::open(server.url()).unwrap();
    store.start().await.unwrap();
    let mut watch = store.watch().await.unwrap().unwrap();
    for name in ["a", "b"] {
        assert_eq!(execute(&server, &["CLIENT", "KILL", "TYPE", "pubsub"]), "1");
        assert_notified(&mut watch).await;
        add(&store, &[name]).await.unwrap();
        assert_notified(&mut watch).await;
    }
    store.shutdown().await;
    let end = timeout(WAIT_TIMEOUT, watch.changed()).await.expect("an error after the shutdown");
    assert!(end.unwrap_err().is_retryable());
}
