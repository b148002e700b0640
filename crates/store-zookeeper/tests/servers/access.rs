//! Logins and permissions.

use punctual_core::{JobStore, StoreErrorKind};
use punctual_store_zookeeper::{ZooKeeperJobStore, ZooKeeperJobStoreBuilder};
use punctual_testkit::calls::{add, at, claim, ids};
use punctual_testkit::{assert_local_server_error, retry_until_ok};

use crate::process::{Member, started};

use StoreErrorKind::Invalid;

fn login(server: &Member, password: &str) -> ZooKeeperJobStoreBuilder {
    ZooKeeperJobStore::builder().url(server.url()).username("mailer").password(password)
}

#[tokio::test]
async fn the_nodes_of_a_user_are_for_this_user_only() {
    let mut server = Member::start(&[]).await;
    let store = login(&server, "hunter2").build().unwrap();
    store.start().await.unwrap();
    add(&store, &["a"]).await.unwrap();
    // ZooKeeper knows no users: another password is another user.
    let others = [login(&server, "hunter2hunter2"), ZooKeeperJobStore::builder().url(server.url())];
    for other in others {
        let error = other.build().unwrap().start().await.unwrap_err();
        assert_local_server_error(&error, Invalid, "lacks a permission");
    }
    // The login is a part of each session.
    server.down();
    server.up();
    server.wait_until_ready().await;
    assert_eq!(retry_until_ok(async || claim(&store, at(1)).await).await.len(), 1);
    assert_eq!(ids(&store).await, ["a"]);
}

#[tokio::test]
async fn a_path_without_permissions_for_its_parent() {
    let server = Member::start(&[]).await;
    // The path must be created by somebody else, who has created the parent.
    let owner = login(&server, "hunter2").path("/owned/mailer").build().unwrap();
    owner.start().await.unwrap();
    let other =
        ZooKeeperJobStore::builder().url(server.url()).path("/owned/other").build().unwrap();
    assert_local_server_error(&other.start().await.unwrap_err(), Invalid, "lacks a permission");
    // Existing paths need none.
    login(&server, "hunter2").path("/owned/mailer").build().unwrap().start().await.unwrap();
    add(&started(&server.url()).await, &["a"]).await.unwrap();
}
