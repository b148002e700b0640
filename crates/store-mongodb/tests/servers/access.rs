//! Logins, permissions, and what a single server lacks.

use mongodb::bson::{Bson, doc};
use punctual_core::{JobStore, StoreErrorKind};
use punctual_store_mongodb::MongoDbJobStore;
use punctual_testkit::calls::{add, advance, at, claim, ids};
use punctual_testkit::{assert_error, retry_until_ok};

use crate::process::{Member, started};

use StoreErrorKind::{Invalid, Unsupported};

#[tokio::test]
async fn users_have_passwords_and_roles() {
    let server = Member::start(&["--auth"]).await;
    let create =
        |user: &str, role: Bson| doc! { "createUser": user, "pwd": "hunter2", "roles": [role] };
    // The first user is created without a login.
    server.run("admin", create("root", "root".into())).await.unwrap();
    let admin = server.database("admin", Some(("root", "hunter2")));
    for (user, role) in [("mailer", "readWrite"), ("reader", "read")] {
        let role = doc! { "role": role, "db": "punctual" };
        admin.run_command(create(user, role.into())).await.unwrap();
    }
    let login = |user: &str, password: &str| {
        let builder =
            MongoDbJobStore::builder().url(server.url()).username(user).password(password);
        builder.build().unwrap()
    };
    for (user, password) in [("mailer", "hunter22"), ("nobody", "hunter2")] {
        let error = login(user, password).start().await.unwrap_err();
        assert_error(&error, Invalid, "rejected the user or the password");
    }
    for store in [MongoDbJobStore::open(server.url()).unwrap(), login("reader", "hunter2")] {
        assert_error(&store.start().await.unwrap_err(), Invalid, "may not execute a command");
    }
    let store = login("mailer", "hunter2");
    store.start().await.expect("the guide lists this role");
    add(&store, &["a"]).await.unwrap();
    assert_eq!(claim(&store, at(0)).await.unwrap().len(), 1);

    // A permission that is lost later.
    let revoke = doc! { "revokeRolesFromUser": "mailer", "roles": [{ "role": "readWrite", "db": "punctual" }] };
    admin.run_command(revoke).await.unwrap();
    assert_error(&add(&store, &["b"]).await.unwrap_err(), Invalid, "may not execute a command");
    let grant =
        doc! { "grantRolesToUser": "mailer", "roles": [{ "role": "readWrite", "db": "punctual" }] };
    admin.run_command(grant).await.unwrap();
    add(&store, &["b"]).await.unwrap();
    assert_eq!(ids(&store).await, ["a", "b"]);
}

#[tokio::test]
async fn a_single_server_has_no_change_streams() {
    let mut server = Member::start(&[]).await;
    let store = MongoDbJobStore::builder().url(server.url()).change_streams(true).build().unwrap();
    assert_error(&store.start().await.unwrap_err(), Unsupported, "`change_streams`");
    let store = started(server.url()).await;
    add(&store, &["a", "b"]).await.unwrap();
    let claims = claim(&store, at(0)).await.unwrap();
    server.down();
    server.up();
    server.wait_until_ready().await;
    retry_until_ok(async || advance(&store, &claims, at(60)).await).await;
    assert_eq!(claim(&store, at(60)).await.unwrap().len(), 2);
}
