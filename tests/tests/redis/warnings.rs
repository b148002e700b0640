//! Settings of the server that could lose jobs are logged when a store is started.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use punctual::RedisJobStore;
use punctual::core::JobStore;
use punctual_tests::server::Server;
use tracing_subscriber::util::SubscriberInitExt;

use crate::client::set;

/// The lines of a log.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Starts a store, and returns what is logged meanwhile.
async fn logged_at_start(server: &Server) -> String {
    let lines = Lines::default();
    let writer = lines.clone();
    let log = tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false);
    // For this thread, which executes everything in this test.
    let _log = log.finish().set_default();
    RedisJobStore::open(server.url()).unwrap().start().await.expect("the store starts");
    let bytes = lines.0.lock().unwrap().clone();
    String::from_utf8(bytes).expect("the log is text")
}

#[tokio::test]
async fn evicted_keys_and_a_server_without_files() {
    let server = Server::start("redis");
    assert_eq!(logged_at_start(&server).await, "");
    set(&server, "maxmemory", "1gb");
    for policy in ["noeviction", "volatile-lru"] {
        set(&server, "maxmemory-policy", policy);
        assert_eq!(logged_at_start(&server).await, "", "{policy} deletes no jobs");
    }
    set(&server, "maxmemory-policy", "allkeys-lru");
    assert!(logged_at_start(&server).await.contains("set `maxmemory-policy` to `noeviction`"));
    set(&server, "maxmemory", "0");
    assert_eq!(logged_at_start(&server).await, "", "without a limit nothing is deleted");

    set(&server, "save", "");
    assert_eq!(logged_at_start(&server).await, "", "there is still the append-only file");
    set(&server, "appendonly", "no");
    assert!(logged_at_start(&server).await.contains("set `appendonly` to `yes`"));
    set(&server, "save", "3600 1");
    assert_eq!(logged_at_start(&server).await, "", "snapshots are written");
}
