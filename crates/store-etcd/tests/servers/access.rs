//! Logins and permissions.

use punctual_core::{JobStore, StoreErrorKind};
use punctual_store_etcd::{EtcdJobStore, EtcdJobStoreBuilder};
use punctual_testkit::calls::{add, at, claim, ids};
use punctual_testkit::{assert_local_server_error, retry_until_ok};
use serde_json::json;

use crate::gateway::encode;
use crate::process::Member;

use StoreErrorKind::Invalid;

/// A server whose user `mailer` may use the keys of the path `/mailer`.
async fn server() -> Member {
    let server = Member::start(&[]).await;
    let gateway = server.gateway();
    for (path, body) in [
        ("auth/user/add", json!({ "name": "root", "password": "rooted" })),
        ("auth/user/add", json!({ "name": "mailer", "password": "hunter2" })),
        ("auth/role/add", json!({ "name": "root" })),
        ("auth/role/add", json!({ "name": "mail" })),
        (
            "auth/role/grant",
            json!({ "name": "mail", "perm": {
                "permType": "READWRITE", "key": encode("/mailer:"), "range_end": encode("/mailer;")
            } }),
        ),
        ("auth/user/grant", json!({ "user": "root", "role": "root" })),
        ("auth/user/grant", json!({ "user": "mailer", "role": "mail" })),
        ("auth/enable", json!({})),
    ] {
        gateway.post(path, body).await;
    }
    server
}

fn builder(server: &Member) -> EtcdJobStoreBuilder {
    EtcdJobStore::builder().url(server.url()).path("/mailer")
}

#[tokio::test]
async fn a_wrong_password_or_user() {
    let server = server().await;
    let login =
        |user, password| builder(&server).username(user).password(password).build().unwrap();
    for wrong in [login("mailer", "hunter2hunter2"), login("nobody", "hunter2")] {
        assert_local_server_error(
            &wrong.start().await.unwrap_err(),
            Invalid,
            "rejected the user or the password",
        );
    }
    let none = builder(&server).build().unwrap();
    assert_local_server_error(
        &none.start().await.unwrap_err(),
        Invalid,
        "rejected the user or the password",
    );
    let right = login("mailer", "hunter2");
    right.start().await.expect("the login is right");
    assert!(right.watch().await.unwrap().is_some());
}

#[tokio::test]
async fn a_user_has_no_permission_for_another_path() {
    let server = server().await;
    let login = |path| builder(&server).path(path).username("mailer").password("hunter2");
    for path in ["/other", "/mailer/other", "/mailer2"] {
        let other = login(path).build().unwrap();
        assert_local_server_error(&other.start().await.unwrap_err(), Invalid, "lacks a permission");
    }
}

#[tokio::test]
async fn the_login_is_repeated_when_its_token_is_not_valid_any_more() {
    let mut server = server().await;
    let store = builder(&server).username("mailer").password("hunter2").build().unwrap();
    store.start().await.unwrap();
    add(&store, &["a"]).await.unwrap();
    // Each change of the users makes older tokens invalid, or their revision.
    let root = builder(&server).path("/").path("/mailer").username("root").password("rooted");
    let root = root.build().unwrap();
    root.start().await.unwrap();
    let token = server
        .gateway()
        .post("auth/authenticate", json!({ "name": "root", "password": "rooted" }))
        .await["token"]
        .as_str()
        .expect("a token")
        .to_owned();
    let body = json!({ "name": "mailer", "password": "hunter2" });
    server.gateway().with_token(token).post("auth/user/changepw", body).await;
    add(&store, &["b"]).await.expect("the store logs in again");
    // A server that is started again knows no tokens.
    server.down();
    server.up();
    assert_eq!(retry_until_ok(async || claim(&store, at(1)).await).await.len(), 2);
    assert_eq!(ids(&store).await, ["a", "b"]);
}

#[tokio::test]
async fn a_login_without_authentication() {
    let server = Member::start(&[]).await;
    let store = builder(&server).username("mailer").password("hunter2").build().unwrap();
    store.start().await.expect("as with other clients of etcd, the login has no effect");
    add(&store, &["a"]).await.unwrap();
}
