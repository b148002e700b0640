//! A recorded session with RethinkDB 2.4.4: the login of a user who existed only for it, and responses to queries.

use std::fmt::Debug;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::peer::frame;
use crate::connection::{Connection, Request};
use crate::error::RequestError;
use crate::reql::Term;
use punctual_store_kit::Login;

const NONCE: &str = "rOprNGfwEbeRWgbNEkqO";

/// The messages of the server.
const LOGIN: [&str; 3] = [
    r#"{"max_protocol_version":0,"min_protocol_version":0,"server_version":"2.4.4","success":true}"#,
    r#"{"authentication":"r=rOprNGfwEbeRWgbNEkqOghka5sx88DsGeYQsu6mA,s=797hmSLgjFF7D1uENswxlA==,i=4096","success":true}"#,
    r#"{"authentication":"v=HH7IFkvc4VQD/xVp2isCcpwKYHFZrNF6NJAykp9uJ9Y=","success":true}"#,
];

/// What the server has accepted as a proof.
const PROOF: &str = "p=ZOdeuWybTuHdeKSr5a8WUoWg6KXSYvLmLy0e6Mp6Sqg=";

/// The response to an unknown user.
const UNKNOWN: &str = r#"{"error":"Unknown user","error_code":17,"success":false}"#;

/// A connection whose server has said all of this, and the end of the server.
async fn session(
    login: [&str; 3],
    responses: &[(u64, &str)],
) -> Result<(Connection, DuplexStream), RequestError> {
    let (client, mut server) = duplex(64 << 10);
    for message in login {
        server.write_all(format!("{message}\0").as_bytes()).await?;
    }
    for (query, response) in responses {
        server.write_all(&frame(*query, response.as_bytes())).await?;
    }
    let login = Login { name: "punctual_test".into(), password: "hunter2".into() };
    let connection = Connection::over(Box::new(client), &login, NONCE.into()).await?;
    Ok((connection, server))
}

fn check<T: Debug>(result: Result<T, RequestError>, code: Option<u32>, text: &str) {
    match result {
        Err(RequestError::Query { code: own, message }) => {
            assert_eq!((own, &*message), (code, text));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_server_accepts_the_proof() {
    let (connection, mut server) = session(LOGIN, &[]).await.unwrap();
    assert_eq!(connection.version(), "2.4.4");
    drop(connection);
    let mut said = Vec::new();
    server.read_to_end(&mut said).await.unwrap();
    let said = String::from_utf8_lossy(&said);
    assert!(said.contains("n,,n=punctual_test,r=rOprNGfwEbeRWgbNEkqO\""), "{said}");
    assert!(said.contains(PROOF), "{said}");

    let error = session([LOGIN[0], LOGIN[1], UNKNOWN], &[]).await.unwrap_err();
    assert!(matches!(error, RequestError::Rejected { code: 17, .. }), "{error:?}");
}

#[tokio::test]
async fn values_rows_and_errors_are_told_apart() {
    let (mut connection, _server) = session(
        LOGIN,
        &[
            (1, r#"{"t":1,"r":[{"id":"a","v":"1"}]}"#),
            (2, r#"{"t":1,"r":[["recording","rethinkdb","test"]]}"#),
            (3, r#"{"t":2,"r":[{"id":"b","v":"1"},{"id":"a","v":"1"}],"n":[]}"#),
            (4, r#"{"t":18,"e":4100000,"r":["Table `recording.none` does not exist."],"b":[]}"#),
            (
                5,
                r#"{"t":18,"e":6000000,"r":["User `punctual_test` does not have the required `config` permission."],"b":[0]}"#,
            ),
            (6, r#"{"t":17,"r":["Unrecognized TermType: 9999."],"b":[]}"#),
        ],
    )
    .await
    .unwrap();
    let mut rows = Vec::new();
    for _ in 0..3 {
        let query = connection.start(&Term::null()).await.unwrap();
        let response = connection.receive_of(query).await.unwrap();
        assert!(!response.has_more);
        let row = |row: &str| serde_json::from_str::<Value>(row).unwrap();
        rows.push(response.rows.iter().map(|text| row(text.get())).collect::<Vec<_>>());
    }
    assert_eq!(rows[0][0]["id"], "a");
    assert_eq!(rows[1], [serde_json::json!(["recording", "rethinkdb", "test"])]);
    assert_eq!((rows[2].len(), &rows[2][1]["id"]), (2, &"a".into()));
    for (code, text) in [
        (Some(4_100_000), "Table `recording.none` does not exist."),
        (Some(6_000_000), "User `punctual_test` does not have the required `config` permission."),
        (None, "Unrecognized TermType: 9999."),
    ] {
        let query = connection.start(&Term::null()).await.unwrap();
        check(connection.receive_of(query).await, code, text);
    }
}

#[tokio::test]
async fn a_feed_has_parts_until_its_table_is_dropped() {
    let (mut connection, _server) = session(
        LOGIN,
        &[
            (1, r#"{"t":3,"r":[{"new_val":{"id":"a","v":"1"}}],"n":[2]}"#),
            (
                1,
                r#"{"t":3,"r":[{"new_val":{"id":"a","v":"2"},"old_val":{"id":"a","v":"1"}}],"n":[2]}"#,
            ),
            (1, r#"{"t":18,"e":4100000,"r":["Changefeed aborted (unavailable)."],"b":[0]}"#),
        ],
    )
    .await
    .unwrap();
    let query = connection.start(&Term::null().changes()).await.unwrap();
    for _ in 0..2 {
        let part = connection.receive_of(query).await.unwrap();
        assert_eq!((part.rows.len(), part.has_more), (1, true));
        connection.send(query, Request::Continue).await.unwrap();
    }
    check(connection.receive_of(query).await, Some(4_100_000), "Changefeed aborted (unavailable).");
}
