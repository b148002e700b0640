//! Notifications, and what is logged.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use punctual_core::JobStore;
use punctual_store_etcd::EtcdJobStore;
use punctual_testkit::calls::{add, advance, at, claim};
use punctual_testkit::retry_until_ok;
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

use crate::process::{Member, started};

/// The text that is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("the log").write(text)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// What `work` logs on this thread.
pub(crate) async fn logged(work: impl AsyncFnOnce()) -> String {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(log.clone()).finish();
    let guard = tracing::subscriber::set_default(subscriber);
    work().await;
    drop(guard);
    String::from_utf8(std::mem::take(&mut log.0.lock().expect("the log"))).expect("UTF-8")
}

#[tokio::test]
async fn a_watch_survives_a_restart_and_a_compaction() {
    let mut server = Member::start(&[]).await;
    let (store, other) = (started(&server.url()).await, started(&server.url()).await);
    let mut watch = store.watch().await.unwrap().unwrap();
    add(&other, &["a"]).await.unwrap();
    watch.changed().await.unwrap();

    server.down();
    assert!(watch.changed().await.unwrap_err().is_retryable());
    server.up();
    server.wait_until_ready().await;
    retry_until_ok(async || add(&other, &["b"]).await).await;
    // What the watch has missed is compacted.
    let revision = server.gateway().revision().await.to_string();
    server.gateway().post("kv/compaction", json!({ "revision": revision })).await;
    retry_until_ok(async || watch.changed().await).await;
    add(&other, &["c"]).await.unwrap();
    watch.changed().await.unwrap();
    store.shutdown().await;
    assert!(watch.changed().await.is_err(), "a watch ends with its store");
}

#[tokio::test]
async fn a_run_of_a_job_notifies_nobody() {
    let server = Member::start(&[]).await;
    let store = started(&server.url()).await;
    add(&store, &["a"]).await.unwrap();
    let before = server.gateway().revision_of("/punctual:changed").await;
    let claims = claim(&store, at(1)).await.unwrap();
    advance(&store, &claims, at(9)).await.unwrap();
    assert_eq!(server.gateway().revision_of("/punctual:changed").await, before);
    add(&store, &["b"]).await.unwrap();
    assert!(server.gateway().revision_of("/punctual:changed").await > before);
}

#[tokio::test]
async fn an_almost_full_database_is_logged_at_the_start() {
    let server = Member::start(&[]).await;
    let start = async |quota| {
        let builder = EtcdJobStore::builder().url(server.url()).quota_backend_bytes(quota);
        let store = builder.build().unwrap();
        logged(async || store.start().await.unwrap()).await
    };
    assert_eq!(start(1 << 30).await, "");
    let log = start(20_000).await;
    assert!(log.contains("almost full") && log.contains("quota=20000"), "{log}");
}
