//! Data that was edited by hand.

use punctual::RedisJobStore;
use punctual::core::{JobStore, TakeOverFrom, TaskFilter};
use punctual_testkit::calls::{LEASE, add, at, claim, job, node};
use punctual_tests::server::Server;

use crate::client::execute;
use crate::jobs::advance;

#[tokio::test]
async fn a_header_that_is_no_header_is_reported_and_discarded() {
    let server = Server::start("redis");
    let store = RedisJobStore::open(server.url()).unwrap();
    store.start().await.unwrap();
    add(&store, &["a", "b"]).await.unwrap();
    execute(&server, &["HSET", "{punctual}:jobs", "a", "garbage"]);

    let claims = store.claim_due(&node(), at(0), 9, LEASE, &TaskFilter::Any).await.unwrap();
    assert_eq!((claims.records.len(), claims.corrupt.len()), (1, 1));
    let claimed = claims.records[0].clone();
    assert!(claim(&store, at(0)).await.unwrap().is_empty());
    let next = store.next_wakeup(&TaskFilter::Any).await.unwrap();
    assert_eq!(next, Some(at(0).saturating_add(LEASE)), "it is reported once for each lease");
    let taken = store
        .take_over(&node(), &TakeOverFrom::ExpiredNodes, at(9), 9, &TaskFilter::Any)
        .await
        .unwrap();
    assert_eq!(taken.released, 1, "the claim of the other job");

    let page = store.list(None, 9).await.unwrap();
    assert_eq!((page.records.len(), &page.corrupt), (1, &claims.corrupt));
    assert!(store.get(&job("a", 10).id).await.is_err());
    assert!(store.discard(&page.corrupt[0]).await.unwrap());
    assert!(!store.discard(&page.corrupt[0]).await.unwrap());
    store.remove(&[claimed.id]).await.unwrap();

    // What is left in the indexes disappears with the next claim.
    claim(&store, at(99)).await.unwrap();
    assert_eq!(store.next_wakeup(&TaskFilter::Any).await.unwrap(), None);
    assert_eq!(store.list(None, 9).await.unwrap().corrupt, []);
    add(&store, &["a"]).await.unwrap();
    assert_eq!(claim(&store, at(99)).await.unwrap().len(), 1);
}

/// Every character of a header may be wrong: no call fails because of it, and the other job is run.
#[tokio::test]
async fn a_header_with_wrong_characters_affects_no_other_job() {
    let server = Server::start("redis");
    let store = RedisJobStore::open(server.url()).unwrap();
    store.start().await.unwrap();
    for position in (0..137).step_by(4) {
        add(&store, &["a", "b"]).await.unwrap();
        let header = execute(&server, &["HGET", "{punctual}:jobs", "a"]);
        let header = format!("{}?{}", &header[..position], &header[position + 1..]);
        execute(&server, &["HSET", "{punctual}:jobs", "a", &header]);
        let mut claimed = Vec::new();
        loop {
            let claims = store.claim_due(&node(), at(0), 9, LEASE, &TaskFilter::Any).await.unwrap();
            claimed.extend(claims.records);
            if !claims.has_more {
                break;
            }
        }
        let other = claimed.iter().find(|record| record.id.as_str() == "b").expect("the other job");
        advance(&store, std::slice::from_ref(other)).await.unwrap();
        store
            .take_over(&node(), &TakeOverFrom::ExpiredNodes, at(99), 9, &TaskFilter::Any)
            .await
            .unwrap();
        store.renew(&node(), at(0), at(0), &TaskFilter::Any).await.unwrap();
        store.list(None, 9).await.unwrap();
        let ids = ["a", "b"].map(|name| job(name, 10).id);
        assert_eq!(store.remove(&ids).await.unwrap(), [true, true], "position {position}");
    }
}

#[tokio::test]
async fn missing_entries_of_an_index_are_restored() {
    let server = Server::start("redis");
    let store = RedisJobStore::open(server.url()).unwrap();
    store.start().await.unwrap();
    add(&store, &["a"]).await.unwrap();
    let entries = execute(&server, &["ZRANGE", "{punctual}:run_times", "0", "-1"]);
    // It is found too early.
    let early = entries.replacen('8', "7", 1);
    execute(&server, &["DEL", "{punctual}:run_times"]);
    execute(&server, &["ZADD", "{punctual}:run_times", "0", &early]);
    assert!(claim(&store, at(-1)).await.unwrap().is_empty());
    assert_eq!(store.next_wakeup(&TaskFilter::Any).await.unwrap(), Some(at(0)));
    assert_eq!(claim(&store, at(0)).await.unwrap().len(), 1);
}
