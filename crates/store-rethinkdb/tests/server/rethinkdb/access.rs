//! Users, permissions, missing tables, and the server's clock.

use punctual_core::{JobStore, StoreErrorKind};
use punctual_testkit::assert_local_server_error;
use punctual_testkit::calls::{add, at, claim};
use serde_json::json;
use uuid::Uuid;

use super::database::Database;

use StoreErrorKind::Invalid;

#[tokio::test]
async fn users_have_passwords_and_permissions() {
    let database = Database::new();
    database.started().await;
    // The server loses a character after an escaped one (2.4.4), so that only the last one may be special.
    let name = format!("mailer_{},", Uuid::new_v4().simple());
    let mut session = Database::session();
    let users = json!([15, [[14, ["rethinkdb"]], "users"]]);
    session.run(json!([56, [users, { "id": name, "password": "hunter2" }]]));
    let builder = |password| database.builder().username(&name).password(password);
    let wrong = builder("hunter3").build().unwrap();
    assert_local_server_error(
        &wrong.start().await.unwrap_err(),
        Invalid,
        "rejected the user or the password",
    );
    let right = || builder("hunter2").build().unwrap();
    assert_local_server_error(&right().start().await.unwrap_err(), Invalid, "lacks a permission");
    // Tables and indexes exist, so that reading and writing are sufficient.
    session.run(json!([188, [[14, [database.name]], name, { "read": true, "write": true }]]));
    let store = right();
    store.start().await.expect("the store starts");
    add(&store, &["a"]).await.unwrap();
    assert_eq!(claim(&store, at(1)).await.unwrap().len(), 1);
    session.run(json!([54, [[16, [users, name]]]]));
}

#[tokio::test]
async fn tables_are_made_only_if_this_is_allowed() {
    let database = Database::new();
    let store = || database.builder().make_tables(false).build().unwrap();
    assert_local_server_error(
        &store().start().await.unwrap_err(),
        Invalid,
        "the database doesn't exist",
    );
    let mut session = Database::session();
    session.run(json!([57, [database.name]]));
    assert_local_server_error(
        &store().start().await.unwrap_err(),
        Invalid,
        "the job tables don't exist",
    );
    database.started().await;
    store().start().await.expect("the store starts");
    let jobs = crate::session::table(&database.name, "punctual_jobs");
    session.run(json!([76, [jobs, "due"]]));
    assert_local_server_error(&store().start().await.unwrap_err(), Invalid, "an index");
    let acknowledged = json!([53, [[174, [jobs]], { "write_acks": "single" }]]);
    session.run(acknowledged);
    assert_local_server_error(&store().start().await.unwrap_err(), Invalid, "write_acks");
}

#[tokio::test]
async fn the_clock_is_that_of_the_server() {
    let database = Database::new();
    let store = database.started().await;
    let server = |session: &mut crate::session::Session| {
        session.run(json!([102, [[103]]])).as_f64().expect("seconds")
    };
    let mut session = Database::session();
    let before = server(&mut session);
    let time = store.time().await.unwrap().expect("a time").as_micros() as f64 / 1e6;
    let after = server(&mut session);
    assert!((before - 0.001..=after + 0.001).contains(&time), "{before} {time} {after}");
}
