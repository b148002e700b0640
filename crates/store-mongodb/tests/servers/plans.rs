//! How the server executes searches, according to its profiler.

use mongodb::bson::{Document, doc};
use punctual_core::{
    HistoryRecordQuery, JobStore, NewRecord, NodeId, RunHistory, Schedule, TakeOverFrom, TaskFilter,
};
use punctual_testkit::calls::{LEASE, add, advance, at, claim, filter, job, node};

use crate::process::{Member, started};

/// The jobs that are not due.
const STORED: usize = 3_000;

/// The cost of a call grows with what it returns, not with what is stored: no search reads a whole collection, sorts without an
/// index, or examines documents in vain.
#[tokio::test]
async fn searches_examine_what_they_return() {
    let server = Member::start_one().await;
    let store = started(server.url()).await;
    let later = |n: usize| NewRecord {
        schedule: Some(Schedule::at(at(1_000_000))),
        ..job(&format!("later-{n:04}"), 10)
    };
    for from in (0..STORED).step_by(1_000) {
        store.add((from..from + 1_000).map(later).collect()).await.unwrap();
    }
    add(&store, &["a", "b", "c"]).await.unwrap();
    store.renew(&node(), at(0), at(10), &TaskFilter::Any).await.unwrap();
    let claims = claim(&store, at(0)).await.unwrap();
    advance(&store, &claims, at(60)).await.unwrap();
    server.run("punctual", doc! { "profile": 2 }).await.unwrap();

    for filter in [&TaskFilter::Any, &filter()] {
        assert!(store.next_wakeup(filter).await.unwrap().is_some());
        let claims = store.claim_due(&node(), at(60), 2, LEASE, filter).await.unwrap();
        assert_eq!(claims.records.len(), 2);
        advance(&store, &claims.records, at(60)).await.unwrap();
        store.renew(&node(), at(0), at(10), filter).await.unwrap();
        let other = NodeId::new("other").unwrap();
        let from = &TakeOverFrom::ExpiredNodes;
        store.take_over(&other, from, at(0), 100, filter).await.unwrap();
    }
    let page = store.list(None, 2).await.unwrap();
    let after = page.next.as_ref();
    assert_eq!(store.list(after, 2).await.unwrap().records.len(), 2);
    store.get(&job("a", 10).id).await.unwrap();
    add(&store, &["d"]).await.unwrap();
    store.add(vec![job("d", 10)]).await.unwrap();
    for query in [HistoryRecordQuery::new(), HistoryRecordQuery::new().job(job("a", 10).id)] {
        assert!(!store.read_history(&query).await.unwrap().records.is_empty());
    }
    store.remove(&["c", "d"].map(|name| job(name, 10).id)).await.unwrap();

    let found = profile(&server).await;
    assert!(found.len() > 20, "{found:?}");
    for command in found {
        let plan = command.get_str("planSummary").unwrap_or_default();
        let count = |name| command.get_i32(name).unwrap_or(0);
        let returned = count("nreturned") + count("nMatched") + count("ndeleted");
        assert!(!plan.contains("COLLSCAN"), "{command}");
        assert!(!command.get_bool("hasSortStage").unwrap_or(false), "{command}");
        assert!(count("docsExamined") <= returned + 3, "{command}");
        assert!(count("keysExamined") <= 2 * returned + 10, "{command}");
    }
}

/// The commands on jobs and the history, without those of the profiler.
async fn profile(server: &Member) -> Vec<Document> {
    let names = ["punctual.punctual_jobs", "punctual.punctual_history"];
    let command =
        doc! { "find": "system.profile", "filter": { "ns": { "$in": names } }, "batchSize": 1_000 };
    let response = server.run("punctual", command).await.unwrap();
    let batch = response.get_document("cursor").unwrap().get_array("firstBatch").unwrap();
    batch.iter().map(|one| one.as_document().unwrap().clone()).collect()
}
