//! Responses to queries: cut lines, garbage, errors and cursors.

use serde_json::{Value, json};

use super::peer::{PASSWORD, Peer, Reply, client, frame};
use crate::client::Client;
use crate::error::RequestError;
use crate::reql::Term;

async fn ask(client: &Client) -> Result<u64, RequestError> {
    client.value(&Term::null()).await
}

fn is_garbage(error: &RequestError) -> bool {
    matches!(error, RequestError::Garbage(_))
}

fn is_unreachable(error: &RequestError) -> bool {
    matches!(error, RequestError::Unreachable(_))
}

#[tokio::test]
async fn a_connection_that_fails_is_replaced_by_the_next_call() {
    let cut = |text: &[u8]| {
        let mut bytes = frame(1, text);
        bytes.pop();
        bytes
    };
    let announced = [&1_u64.to_le_bytes(), &u32::MAX.to_le_bytes()[..], b"{}"].concat();
    let answer = json!({ "t": 1, "r": [1] }).to_string();
    // Each reply is one to the first query of a connection.
    for (reply, is_expected) in [
        (Reply::Close, is_unreachable as fn(&RequestError) -> bool),
        (Reply::Bytes(b"garbage without an end".to_vec()), is_garbage),
        (Reply::Bytes(announced), is_garbage),
        (Reply::Bytes(frame(1, b"")), is_garbage),
        (Reply::Bytes(frame(1, b"{\"t\":1}")), is_garbage),
        (Reply::Bytes(frame(1, b"\xff")), is_garbage),
        (Reply::Bytes(frame(2, answer.as_bytes())), is_garbage),
        (Reply::Respond(json!({ "t": 1, "r": [] })), is_garbage),
        (Reply::Respond(json!({ "t": 1, "r": ["text"] })), is_garbage),
    ] {
        let peer = Peer::start([reply.clone(), Reply::value(json!(7))]).await;
        let client = client(&[&peer], PASSWORD, false);
        let error = ask(&client).await.unwrap_err();
        assert!(is_expected(&error), "{reply:?}: {error:?}");
        assert_eq!(ask(&client).await.unwrap(), 7, "{reply:?}");
        assert_eq!(
            (peer.connections(), peer.queries().len()),
            (2, 2),
            "{reply:?}: nothing is resent"
        );
    }
    // A response that is cut off, after which nothing follows.
    let peer = Peer::start([Reply::Bytes(cut(answer.as_bytes())), Reply::value(json!(7))]).await;
    let client = client(&[&peer], PASSWORD, true);
    assert!(matches!(ask(&client).await, Err(RequestError::TimedOut)));
    assert_eq!(ask(&client).await.unwrap(), 7);
}

#[tokio::test]
async fn errors_of_queries_keep_the_connection() {
    let failed = json!({ "t": 18, "r": ["no primary"], "e": 4_100_000, "b": [] });
    let wrong = json!({ "t": 17, "r": ["wrong term"], "b": [] });
    let peer =
        Peer::start([Reply::Respond(failed), Reply::Respond(wrong), Reply::value(json!(7))]).await;
    let client = client(&[&peer], PASSWORD, false);
    let codes = [ask(&client).await, ask(&client).await].map(|result| match result {
        Err(RequestError::Query { code, message }) => (code, message),
        other => panic!("{other:?}"),
    });
    assert_eq!(codes, [(Some(4_100_000), "no primary".into()), (None, "wrong term".into())]);
    assert_eq!(ask(&client).await.unwrap(), 7);
    assert_eq!(peer.connections(), 1);
}

#[tokio::test]
async fn a_call_without_a_response_in_time_fails() {
    let peer = Peer::start([Reply::Ignore, Reply::value(json!(7))]).await;
    let client = client(&[&peer], PASSWORD, true);
    assert!(matches!(ask(&client).await, Err(RequestError::TimedOut)));
    assert_eq!(ask(&client).await.unwrap(), 7);
    assert_eq!(peer.connections(), 2);
}

#[tokio::test]
async fn a_call_that_is_dropped_takes_its_connection_with_it() {
    let peer = Peer::start([Reply::Ignore, Reply::value(json!(7))]).await;
    let client = client(&[&peer], PASSWORD, false);
    tokio::select! {
        _ = ask(&client) => panic!("there is no response"),
        () = async { while peer.queries().is_empty() { tokio::task::yield_now().await } } => {}
    }
    assert_eq!(ask(&client).await.unwrap(), 7);
    assert_eq!(peer.connections(), 2);
}

#[tokio::test]
async fn calls_at_the_same_time_have_connections_of_their_own() {
    let peer = Peer::start([1, 2, 3].map(|number| Reply::value(json!(number)))).await;
    let client = client(&[&peer], PASSWORD, false);
    let (a, b, c) = tokio::join!(ask(&client), ask(&client), ask(&client));
    let mut all = [a, b, c].map(Result::unwrap);
    all.sort_unstable();
    assert_eq!((all, peer.connections()), ([1, 2, 3], 3));
}

#[tokio::test]
async fn a_cursor_is_read_to_its_end_or_stopped() {
    let parts = [Reply::part(json!([1, 2])), Reply::part(json!([])), Reply::rest(json!([3]))];
    let peer = Peer::start(parts).await;
    let client = client(&[&peer], PASSWORD, false);
    let found = client.rows(&Term::null(), 1_000).await.unwrap();
    let numbers = |found: &crate::client::Rows| -> Vec<u32> {
        found.rows.iter().map(|row| row.get().parse().unwrap()).collect()
    };
    assert_eq!((numbers(&found), found.is_complete), (vec![1, 2, 3], true));
    let requests: Vec<_> =
        peer.queries().into_iter().map(|(number, query)| (number, query[0].clone())).collect();
    assert_eq!(requests, [(1, json!(1)), (1, json!(2)), (1, json!(2))]);

    // The size is reached with the first row, and the cursor is closed, so that the connection can be used again.
    let large = "x".repeat(2_000);
    peer.say([Reply::part(json!([])), Reply::part(json!([large])), Reply::rest(json!([]))]);
    let found = client.rows(&Term::null(), 1_000).await.unwrap();
    assert_eq!((found.rows.len(), found.is_complete), (1, false));
    let requests: Vec<Value> =
        peer.queries().into_iter().map(|(_, query)| query[0].clone()).collect();
    assert_eq!(requests, [json!(1), json!(2), json!(3)]);
    peer.say([Reply::value(json!(7))]);
    assert_eq!(ask(&client).await.unwrap(), 7);
    assert_eq!(peer.connections(), 1);
}

#[tokio::test]
async fn rows_may_be_one_array() {
    let peer = Peer::start([Reply::value(json!([1, 2])), Reply::value(json!([]))]).await;
    let client = client(&[&peer], PASSWORD, false);
    for count in [2, 0] {
        let found = client.rows(&Term::null(), 1_000).await.unwrap();
        assert_eq!((found.rows.len(), found.is_complete), (count, true));
    }
}

#[tokio::test]
async fn a_huge_response_is_read() {
    let rows: Vec<String> = (0..16).map(|_| "x".repeat(1 << 20)).collect();
    let peer = Peer::start([Reply::rest(json!(rows))]).await;
    let found = client(&[&peer], PASSWORD, false).rows(&Term::null(), usize::MAX).await.unwrap();
    assert_eq!(found.rows.iter().map(|row| row.get().len()).sum::<usize>(), 16 * ((1 << 20) + 2));
}
