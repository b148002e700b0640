//! The sizes of definitions, and the number of requests.

use punctual_core::{AddOutcome, JobId, JobStore, StoreErrorKind, TaskFilter};
use punctual_testkit::assert_local_server_error;
use punctual_testkit::calls::{advance, at, claim, filter, job};

use crate::process::{Member, started};

use StoreErrorKind::Invalid;

#[tokio::test]
async fn the_largest_definition_is_stored_and_a_larger_header_is_rejected() {
    let server = Member::start(&[]).await;
    let store = started(&server.url()).await;
    let max = store.caps().max_definition;
    // The longest id, and definitions of the largest size.
    let id = "é🚀".repeat(95);
    let added = store.add(vec![job(&id, max), job("b", max), job("c", 10)]).await.unwrap();
    assert_eq!(added, [AddOutcome::Added; 3]);
    // A definition that was written in pieces, but not added.
    assert_eq!(store.add(vec![job("b", max)]).await.unwrap(), [AddOutcome::Exists]);
    let nodes = server.nodes().await;
    assert_eq!(nodes.below("staged").await, [""; 0]);
    // One that another process has not finished writing is kept for a while.
    nodes.create("staged/0123456789abcdef", b"5000000").await;
    let pieces = nodes.below("definitions").await.len();
    // Another store does not know them yet.
    let other = started(&server.url()).await;
    let claims = claim(&other, at(1)).await.unwrap();
    let sizes: Vec<_> = claims.iter().map(|claim| claim.definition.as_bytes().len()).collect();
    assert_eq!(sizes.iter().sum::<usize>(), 2 * max + 10);
    advance(&other, &claims, at(9)).await.unwrap();
    assert_eq!(nodes.below("definitions").await.len(), pieces, "they are written once");
    let ids = [id.as_str(), "b", "c"].map(|id| JobId::new(id).unwrap());
    assert_eq!(store.remove(&ids).await.unwrap(), [true; 3]);
    let left = nodes.below("definitions").await;
    assert!(left.iter().all(|name| name.matches('/').count() < 2), "{left:?}");

    assert_eq!(nodes.below("staged").await, ["staged/0123456789abcdef"]);

    // A larger value would be rejected by the server, which closes the connection.
    let error = store.set_metadata("a", &"x".repeat(1_100_000)).await.unwrap_err();
    assert_local_server_error(&error, Invalid, "too large for ZooKeeper");
}

#[tokio::test]
async fn the_number_of_requests_does_not_depend_on_the_number_of_jobs() {
    let server = Member::start(&[]).await;
    let store = started(&server.url()).await;
    let mut counts = Vec::new();
    for number in [50, 2_000_i64] {
        let new = |index| {
            let mut job = job(&format!("{number}-{index}"), 10);
            if index >= 10 {
                job.schedule = Some(punctual_core::Schedule::at(at(10_000 + index * 60)));
            }
            job
        };
        // Each call has to end within the timeout.
        for from in (0..number).step_by(100) {
            store.add((from..number.min(from + 100)).map(new).collect()).await.unwrap();
        }
        let packets = async || {
            let answer = server.answer("mntr").await;
            let line = answer.lines().find(|line| line.starts_with("zk_packets_received"));
            line.and_then(|line| line.split('\t').nth(1)?.parse::<i64>().ok()).expect("a number")
        };
        let before = packets().await;
        let claims = claim(&store, at(1)).await.unwrap();
        assert_eq!(claims.len(), 10);
        advance(&store, &claims, at(100_000_000)).await.unwrap();
        store.next_wakeup(&TaskFilter::Any).await.unwrap();
        store.next_wakeup(&filter()).await.unwrap();
        counts.push(packets().await - before);
    }
    assert!((counts[0] - counts[1]).abs() < 10 && counts[1] < 80, "{counts:?}");
}
