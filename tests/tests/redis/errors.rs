//! The server rejects connections or requests.

use punctual::core::{HistoryRecordQuery, JobStore, RunHistory, TaskFilter};
use punctual::{RedisJobStore, StoreErrorKind};
use punctual_testkit::calls::{add, at, claim, ids, node};
use punctual_tests::server::Server;

use crate::client::{execute, set};
use crate::jobs::{advance, check_error};

use StoreErrorKind::{Corrupt, Invalid, Unavailable, Unsupported};

async fn started(server: &Server) -> RedisJobStore {
    let store = RedisJobStore::open(server.url()).unwrap();
    store.start().await.expect("the store starts");
    store
}

#[tokio::test]
async fn a_wrong_password_or_user() {
    let server = Server::start("redis");
    let builder = || RedisJobStore::builder().url(server.url());
    let wrong = builder().password("hunter2").build().unwrap();
    check_error(&wrong.start().await.unwrap_err(), Invalid, "rejected the user or the password");

    execute(&server, &["ACL", "SETUSER", "mailer", "on", ">right", "~*", "&*", "+@all"]);
    let login = |user, password| builder().username(user).password(password).build().unwrap();
    for wrong in [login("mailer", "hunter2"), login("nobody", "right")] {
        check_error(&wrong.start().await.unwrap_err(), Invalid, "rejected the user");
    }
    login("mailer", "right").start().await.expect("the login is right");

    // The default user needs a login from now on.
    execute(&server, &["ACL", "SETUSER", "default", "resetpass", "off"]);
    check_error(&builder().build().unwrap().start().await.unwrap_err(), Invalid, "rejected");
}

#[tokio::test]
async fn a_user_with_too_few_permissions() {
    let server = Server::start("redis");
    let login = RedisJobStore::builder().url(server.url()).username("mailer").password("any");
    let store = login.build().unwrap();
    execute(&server, &["ACL", "SETUSER", "mailer", "on", "nopass", "+@all", "~*", "&*"]);
    // A script whose last commands were rejected would change only a part of a job.
    for command in ["zadd", "zrem", "hdel", "publish", "evalsha", "info"] {
        execute(&server, &["ACL", "SETUSER", "mailer", &format!("-{command}")]);
        let error = store.start().await.unwrap_err();
        check_error(&error, Invalid, "lacks a permission");
        execute(&server, &["ACL", "SETUSER", "mailer", &format!("+{command}")]);
    }
    execute(&server, &["ACL", "SETUSER", "mailer", "-@all", "+@read", "+@write", "+@scripting"]);
    execute(&server, &["ACL", "SETUSER", "mailer", "+info", "+time", "+publish", "+subscribe"]);
    execute(&server, &["ACL", "SETUSER", "mailer", "resetkeys", "~{punctual}:*"]);
    execute(&server, &["ACL", "SETUSER", "mailer", "resetchannels", "&{punctual}:*"]);
    store.start().await.expect("the guide lists these permissions");
    add(&store, &["a"]).await.unwrap();
    assert_eq!(claim(&store, at(0)).await.unwrap().len(), 1);
    assert!(store.watch().await.unwrap().is_some());
    execute(&server, &["ACL", "SETUSER", "mailer", "-hset"]);
    check_error(&add(&store, &["b"]).await.unwrap_err(), Invalid, "lacks a permission");
    assert_eq!(ids(&store).await, ["a"]);
}

#[tokio::test]
async fn an_unknown_database() {
    let server = Server::start("redis");
    let store = RedisJobStore::builder().url(server.url()).db(99).build().unwrap();
    check_error(&store.start().await.unwrap_err(), Invalid, "no such database");
    let store = RedisJobStore::open(format!("{}99", server.url())).unwrap();
    check_error(&store.start().await.unwrap_err(), Invalid, "no such database");

    let other = RedisJobStore::builder().url(server.url()).db(1).build().unwrap();
    other.start().await.expect("the database exists");
    add(&other, &["a"]).await.unwrap();
    assert_eq!(ids(&started(&server).await).await, [""; 0]);
}

#[tokio::test]
async fn a_replica() {
    let server = Server::start("redis");
    let store = started(&server).await;
    add(&store, &["a"]).await.unwrap();
    // Its master is unreachable.
    execute(&server, &["REPLICAOF", "127.0.0.1", "1"]);
    for error in [claim(&store, at(0)).await.map(drop), add(&store, &["b"]).await] {
        let error = error.unwrap_err();
        check_error(&error, Unavailable, "read-only");
        assert!(error.is_retryable());
    }
    assert_eq!(ids(&store).await, ["a"], "it can be read");
    started(&server).await.shutdown().await;

    set(&server, "replica-serve-stale-data", "no");
    check_error(&claim(&store, at(0)).await.unwrap_err(), Unavailable, "without its master");
    execute(&server, &["REPLICAOF", "NO", "ONE"]);
    assert_eq!(claim(&store, at(0)).await.unwrap().len(), 1, "it has been promoted");
}

#[tokio::test]
async fn full_memory() {
    let server = Server::start("redis");
    let store = started(&server).await;
    add(&store, &["a", "b", "c"]).await.unwrap();
    let claims = claim(&store, at(0)).await.unwrap();
    add(&store, &["d"]).await.unwrap();
    set(&server, "maxmemory", "1");
    let stored = async || {
        let mut jobs = Vec::new();
        for claim in &claims {
            jobs.push(store.get(&claim.id).await.unwrap());
        }
        (jobs, ids(&store).await, store.next_wakeup(&TaskFilter::Any).await.unwrap())
    };
    let before = stored().await;
    let errors = [
        add(&store, &["e"]).await.unwrap_err(),
        claim(&store, at(0)).await.unwrap_err(),
        advance(&store, &claims).await.unwrap_err(),
        store.renew(&node(), at(0), at(9), &TaskFilter::Any).await.unwrap_err(),
    ];
    for error in errors {
        check_error(&error, Unavailable, "memory of Redis is full");
        assert!(error.is_retryable());
    }
    assert_eq!(stored().await, before, "nothing was changed");
    let page = store.read_history(&HistoryRecordQuery::new()).await.unwrap();
    assert_eq!(page.records, []);

    assert_eq!(store.remove(&[claims[2].id.clone()]).await.unwrap(), [true], "jobs can be removed");
    set(&server, "maxmemory", "0");
    advance(&store, &claims[..2]).await.expect("the claims are still open");
    assert_eq!(claim(&store, at(0)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn too_many_connections() {
    let server = Server::start("redis");
    set(&server, "maxclients", "1");
    let first = started(&server).await;
    let second = RedisJobStore::open(server.url()).unwrap();
    let error = second.start().await.unwrap_err();
    assert_eq!(error.kind(), Unavailable, "{error}");
    first.shutdown().await;
}

#[tokio::test]
async fn keys_of_other_programs() {
    let server = Server::start("redis");
    let store = |prefix: &str| {
        RedisJobStore::builder().url(server.url()).key_prefix(prefix).build().unwrap()
    };
    execute(&server, &["SET", "{text}:run_times", "x"]);
    check_error(&store("text").start().await.unwrap_err(), Corrupt, "other data");
    execute(&server, &["HSET", "{other}:jobs", "a", "b"]);
    check_error(&store("other").start().await.unwrap_err(), Corrupt, "other data");
    let apscheduler = RedisJobStore::builder().url(server.url()).jobs_key("{other}:jobs");
    let error = apscheduler.build().unwrap().start().await.unwrap_err();
    check_error(&error, Corrupt, "other data");

    execute(&server, &["SET", "{newer}:version", "9"]);
    let error = store("newer").start().await.unwrap_err();
    assert_eq!(error.kind(), Unsupported);
    assert!(error.to_string().contains("version 9"), "{error}");
    let error = store("newer").next_wakeup(&TaskFilter::Any).await.unwrap_err();
    assert_eq!(error.kind(), Unavailable, "not started");
}

#[tokio::test]
async fn waiting_for_the_disk_needs_a_newer_server_or_its_append_only_file() {
    let server = Server::start("redis");
    let store = || RedisJobStore::builder().url(server.url()).wait_aof(true).build().unwrap();
    let version = execute(&server, &["INFO", "server"]);
    set(&server, "appendfsync", "no");
    assert_eq!(store().start().await.unwrap_err().kind(), Unsupported);
    set(&server, "appendfsync", "everysec");
    let is_old = version.contains("redis_version:7.0");
    if is_old {
        let error = store().start().await.unwrap_err();
        assert_eq!(error.kind(), Unsupported);
        assert!(error.to_string().contains("7.2"), "{error}");
    } else {
        store().start().await.expect("the server has `WAITAOF`");
        let store = store();
        store.start().await.unwrap();
        add(&store, &["a"]).await.unwrap();
        let claims = claim(&store, at(0)).await.unwrap();
        advance(&store, &claims).await.unwrap();
        set(&server, "appendonly", "no");
        check_error(&add(&store, &["b"]).await.unwrap_err(), StoreErrorKind::Other, "WAITAOF");
    }
    set(&server, "appendonly", "no");
    assert_eq!(store().start().await.unwrap_err().kind(), Unsupported);
}
