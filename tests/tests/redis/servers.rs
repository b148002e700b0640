//! Several servers: replicas, sentinels, a cluster.

use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use punctual::core::{JobStore, TaskFilter};
use punctual::{RedisJobStore, StoreErrorKind};
use punctual_testkit::calls::{add, at, claim, ids, job, node};
use punctual_testkit::retry_until_ok;
use punctual_tests::server::Server;
use tempfile::TempDir;

use crate::jobs::{advance, check_error};

/// A server that is started with other options than those of `scripts/services`; killed when dropped.
struct Process {
    child: Child,
    port: u16,
}

impl Process {
    /// Starts a server with its files in this folder.
    fn start(folder: &Path, options: &[&str]) -> Self {
        // The port may be taken by another process between the check and the start; then another one is tried.
        loop {
            let socket = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
            // The bus of a cluster uses the port plus 10,000.
            let port = 20_000 + socket.local_addr().expect("a port").port() % 20_000;
            drop(socket);
            let config = folder.join(format!("{port}.conf"));
            fs::write(&config, format!("dir {}\n", folder.display())).expect("a file");
            let mut command = Command::new("redis-server");
            command.arg(config).args(["--port", &port.to_string(), "--bind", "127.0.0.1"]);
            command.args(["--save", ""]).args(options).stdout(Stdio::null()).stderr(Stdio::null());
            let mut server = Self { child: command.spawn().expect("redis-server"), port };
            while server.child.try_wait().expect("a process").is_none() {
                if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                    return server;
                }
            }
        }
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Executes a command of `redis-cli` and returns what it prints.
    fn execute(&self, command: &[&str]) -> String {
        let port = self.port.to_string();
        let output = Command::new("redis-cli").args(["-p", &port]).args(command).output();
        String::from_utf8_lossy(&output.expect("redis-cli").stdout).into_owned()
    }

    /// Waits until the output of a command contains a text.
    fn wait_for(&self, command: &[&str], text: &str) {
        while !self.execute(command).contains(text) {}
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a cluster of servers, of which each master has this number of replicas.
fn cluster(folder: &TempDir, count: usize, replicas: &str) -> Vec<Process> {
    let start = |number: usize| {
        let own = folder.path().join(number.to_string());
        fs::create_dir(&own).unwrap();
        Process::start(&own, &["--cluster-enabled", "yes", "--cluster-node-timeout", "1000"])
    };
    let servers: Vec<_> = (0..count).map(start).collect();
    let addresses: Vec<_> = servers.iter().map(Process::address).collect();
    let mut create = vec!["--cluster", "create"];
    create.extend(addresses.iter().map(String::as_str));
    create.extend(["--cluster-replicas", replicas, "--cluster-yes"]);
    servers[0].execute(&create);
    for server in &servers {
        server.wait_for(&["CLUSTER", "INFO"], "cluster_state:ok");
    }
    servers
}

#[tokio::test]
async fn another_server_is_used_if_the_first_one_accepts_no_changes() {
    let (first, second) = (Server::start("redis"), Server::start("redis"));
    let builder = RedisJobStore::builder().url(first.url()).other_urls([second.url()]);
    let store = builder.build().unwrap();
    store.start().await.unwrap();
    add(&store, &["a"]).await.unwrap();
    let address = second.url().trim_start_matches("redis://").trim_end_matches('/');
    let (host, port) = address.split_once(':').expect("a port");
    // The roles are swapped, as after a failover: the second server has the data.
    let first_port = first.url().trim_end_matches('/').rsplit(':').next().expect("a port");
    crate::client::execute(&second, &["REPLICAOF", "127.0.0.1", first_port]);
    while !crate::client::execute(&second, &["INFO"]).contains("master_link_status:up") {}
    crate::client::execute(&second, &["REPLICAOF", "NO", "ONE"]);
    crate::client::execute(&first, &["REPLICAOF", host, port]);
    retry_until_ok(async || store.renew(&node(), at(0), at(9), &TaskFilter::Any).await).await;
    assert_eq!(claim(&store, at(0)).await.unwrap().len(), 1);
    assert_eq!(crate::client::execute(&second, &["HLEN", "{punctual}:nodes"]), "1");
    first.down();
    add(&store, &["b"]).await.unwrap();
}

#[tokio::test]
async fn a_server_that_loads_its_data() {
    let folder = TempDir::new().unwrap();
    let server = Process::start(folder.path(), &["--rdbcompression", "no"]);
    let store = RedisJobStore::open(server.url()).unwrap();
    store.start().await.unwrap();
    add(&store, &["a"]).await.unwrap();
    let fill = "for i = 1, 400 do redis.call('SET', i, string.rep('x', 1024)) end";
    server.execute(&["EVAL", fill, "0"]);
    server.execute(&["SAVE"]);
    drop(server);

    // Two seconds, during which the server answers requests after each key.
    let slowly = ["--key-load-delay", "5000", "--loading-process-events-interval-bytes", "1024"];
    let server = Process::start(folder.path(), &slowly);
    let store = RedisJobStore::open(server.url()).unwrap();
    let error = store.start().await.unwrap_err();
    check_error(&error, StoreErrorKind::Unavailable, "Redis is loading its data");
    retry_until_ok(async || store.start().await).await;
    assert_eq!(ids(&store).await, ["a"]);
}

#[tokio::test]
async fn the_store_follows_a_failover_of_sentinels() {
    let folder = TempDir::new().unwrap();
    let master = Process::start(folder.path(), &[]);
    let replica =
        Process::start(folder.path(), &["--replicaof", "127.0.0.1", &master.port.to_string()]);
    replica.wait_for(&["INFO", "replication"], "master_link_status:up");
    let sentinel = Process::start(folder.path(), &["--sentinel"]);
    let port = master.port.to_string();
    sentinel.execute(&["SENTINEL", "MONITOR", "main", "127.0.0.1", &port, "1"]);
    sentinel.execute(&["SENTINEL", "SET", "main", "down-after-milliseconds", "500"]);
    sentinel.execute(&["SENTINEL", "SET", "main", "failover-timeout", "2000"]);
    sentinel.wait_for(&["SENTINEL", "REPLICAS", "main"], &replica.port.to_string());

    let unknown = RedisJobStore::builder().sentinel("other", [sentinel.url()]).build().unwrap();
    assert!(unknown.start().await.unwrap_err().is_retryable());
    let urls = ["redis://127.0.0.1:1".to_owned(), sentinel.url()];
    let store = RedisJobStore::builder().sentinel("main", urls).build().unwrap();
    store.start().await.unwrap();
    let mut watch = store.watch().await.unwrap().unwrap();
    add(&store, &["a"]).await.unwrap();
    watch.changed().await.unwrap();
    assert_eq!(master.execute(&["HLEN", "{punctual}:jobs"]).trim(), "1");
    replica.wait_for(&["HLEN", "{punctual}:jobs"], "1");

    drop(master);
    retry_until_ok(async || store.add(vec![job("b", 10)]).await).await;
    assert_eq!(ids(&store).await, ["a", "b"]);
    let claims = retry_until_ok(async || claim(&store, at(0)).await).await;
    advance(&store, &claims).await.unwrap();
    assert_eq!(replica.execute(&["HLEN", "{punctual}:jobs"]).trim(), "2");
    retry_until_ok(async || watch.changed().await).await;
}

#[tokio::test]
async fn a_cluster_of_three_masters() {
    let folder = TempDir::new().unwrap();
    let servers = cluster(&folder, 3, "0");
    // The keys of these stores are on different servers, which the client finds from any of them.
    let mut used = [0; 3];
    for prefix in ["a", "b", "c", "d", "e", "f"] {
        for server in &servers {
            let builder = RedisJobStore::builder().url(server.url()).key_prefix(prefix);
            let store = builder.build().unwrap();
            store.start().await.unwrap();
            let mut watch = store.watch().await.unwrap().unwrap();
            add(&store, &["a", "b"]).await.unwrap();
            watch.changed().await.unwrap();
            let claims = claim(&store, at(0)).await.unwrap();
            advance(&store, &claims).await.unwrap();
            assert_eq!(ids(&store).await, ["a", "b"]);
            let removed: Vec<_> = claims.into_iter().map(|claim| claim.id).collect();
            assert_eq!(store.remove(&removed).await.unwrap(), [true, true]);
        }
        for (server, used) in servers.iter().zip(&mut used) {
            *used += usize::from(server.execute(&["KEYS", &format!("{{{prefix}}}:*")]).len() > 2);
        }
    }
    assert_eq!(used.iter().sum::<usize>(), 6, "{used:?}");
    assert!(used.iter().filter(|used| **used > 0).count() > 1, "{used:?}");

    let elsewhere = RedisJobStore::builder().url(servers[0].url()).jobs_key("apscheduler.jobs");
    let error = elsewhere.build().unwrap().start().await.unwrap_err();
    check_error(&error, punctual::StoreErrorKind::Invalid, "hash tag");
}

#[tokio::test]
async fn the_store_follows_a_failover_in_a_cluster() {
    let folder = TempDir::new().unwrap();
    let mut servers = cluster(&folder, 6, "1");
    let urls: Vec<_> = servers.iter().map(Process::url).collect();
    let store = RedisJobStore::builder().url(&urls[0]).other_urls(&urls[1..]).build().unwrap();
    store.start().await.unwrap();
    let mut watch = store.watch().await.unwrap().unwrap();
    add(&store, &["a"]).await.unwrap();
    watch.changed().await.unwrap();

    // The server with the keys, and its replica.
    let with_keys =
        |server: &Process| server.execute(&["KEYS", "{punctual}:jobs"]).contains("punctual");
    while servers.iter().filter(|server| with_keys(server)).count() < 2 {}
    let is_owner = |server: &Process| {
        with_keys(server) && server.execute(&["INFO", "replication"]).contains("role:master")
    };
    let owner = servers.iter().position(is_owner).expect("a master has the keys");
    drop(servers.remove(owner));

    retry_until_ok(async || store.add(vec![job("b", 10)]).await).await;
    assert_eq!(ids(&store).await, ["a", "b"]);
    let claims = retry_until_ok(async || claim(&store, at(0)).await).await;
    advance(&store, &claims).await.unwrap();
    assert!(servers.iter().any(is_owner));
    retry_until_ok(async || watch.changed().await).await;
}

#[tokio::test]
async fn connections_are_encrypted_with_certificates_of_both_sides() {
    let folder = TempDir::new().unwrap();
    // Those of the tests of etcd.
    let path = |name: &str| {
        format!("{}/../crates/store-etcd/tests/data/{name}", env!("CARGO_MANIFEST_DIR"))
    };
    let [authority, certificate, key] = ["ca.pem", "server.pem", "server.key"].map(path);
    let server = Process::start(
        folder.path(),
        &[
            "--tls-ca-cert-file",
            &authority,
            "--tls-cert-file",
            &certificate,
            "--tls-key-file",
            &key,
        ],
    );
    let port = loop {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = socket.local_addr().expect("a port").port().to_string();
        drop(socket);
        if server.execute(&["CONFIG", "SET", "tls-port", &port]).contains("OK") {
            break port;
        }
    };
    let builder = || RedisJobStore::builder().url(format!("rediss://localhost:{port}"));
    let trusting = || builder().ca_cert(path("ca.pem"));
    let own = |builder: punctual::RedisJobStoreBuilder| {
        builder.cert_cert(path("client.pem")).cert_key(path("client.key")).build().unwrap()
    };
    let by_host = RedisJobStore::builder().host("localhost").port(port.parse().unwrap());
    for (id, store) in [("a", own(trusting())), ("b", own(by_host.ca_cert(path("ca.pem"))))] {
        store.start().await.unwrap();
        let mut watch = store.watch().await.unwrap().unwrap();
        add(&store, &[id]).await.unwrap();
        watch.changed().await.unwrap();
        assert!(ids(&store).await.contains(&id.to_owned()));
    }
    // An unknown authority, no certificate of the client, no encryption.
    for store in [
        own(builder()),
        trusting().build().unwrap(),
        RedisJobStore::open(format!("redis://localhost:{port}")).unwrap(),
    ] {
        let error = store.start().await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error:?}");
    }
}
