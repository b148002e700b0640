//! Servers with other options than those of `scripts/services`; killed when dropped.

use std::net::TcpListener;
#[cfg(feature = "tls")]
use std::path::Path;
use std::process::{Child, Command, Stdio};

use punctual_core::JobStore;
use punctual_store_etcd::EtcdJobStore;
use serde_json::json;
use tempfile::TempDir;

use crate::gateway::Gateway;

/// A member of a cluster. Its port stays the same when it is started again.
pub(crate) struct Member {
    child: Option<Child>,
    folder: TempDir,
    arguments: Vec<String>,
    port: u16,
    scheme: &'static str,
}

/// Some ports that are free now.
fn ports<const N: usize>() -> [u16; N] {
    let sockets = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").expect("a port"));
    sockets.map(|socket| socket.local_addr().expect("a port").port())
}

impl Member {
    /// Starts a cluster of one member. Another process may take its port before it does; then another one is tried.
    pub(crate) async fn start(options: &[&str]) -> Self {
        loop {
            let [port] = ports();
            let peer = "unix://peer:0".to_owned();
            let mut member = Self::new("default", port, &peer, &format!("default={peer}"), options);
            member.up();
            if member.is_ready().await {
                return member;
            }
        }
    }

    /// Starts a cluster of three members.
    pub(crate) async fn start_three() -> [Self; 3] {
        'tries: loop {
            let [a, b, c, d, e, f] = ports();
            let peer = |port: u16| format!("http://127.0.0.1:{port}");
            let all = format!("a={},b={},c={}", peer(d), peer(e), peer(f));
            let member = |name, port, own| Self::new(name, port, &peer(own), &all, &[]);
            let mut members = [member("a", a, d), member("b", b, e), member("c", c, f)];
            members.iter_mut().for_each(Self::up);
            for member in &mut members {
                if !member.is_ready().await {
                    continue 'tries;
                }
            }
            return members;
        }
    }

    fn new(name: &str, port: u16, peer: &str, all: &str, options: &[&str]) -> Self {
        let scheme = if options.contains(&"--client-cert-auth") { "https" } else { "http" };
        let client = format!("{scheme}://127.0.0.1:{port}");
        let arguments = [
            "--name",
            name,
            "--data-dir",
            "data",
            "--listen-client-urls",
            &client,
            "--advertise-client-urls",
            &client,
            "--listen-peer-urls",
            peer,
            "--initial-advertise-peer-urls",
            peer,
            "--initial-cluster",
            all,
            "--heartbeat-interval",
            "50",
            "--election-timeout",
            "500",
            "--logger",
            "zap",
            "--unsafe-no-fsync",
        ];
        let arguments = arguments.iter().chain(options).map(|text| (*text).to_owned()).collect();
        let folder = TempDir::new().expect("a folder");
        Self { child: None, folder, arguments, port, scheme }
    }

    /// Starts its process.
    pub(crate) fn up(&mut self) {
        let mut command = Command::new("etcd");
        command.args(&self.arguments).current_dir(&self.folder);
        let log = std::fs::File::create(self.folder.path().join("log")).expect("a file");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        self.child = Some(command.spawn().expect("the program etcd"));
    }

    /// Kills its process.
    pub(crate) fn down(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("to kill a child");
            child.wait().expect("to wait for a child");
        }
    }

    /// Waits until it executes requests; false if its process has ended.
    async fn is_ready(&mut self) -> bool {
        if self.scheme == "https" {
            // It is not asked, because it requires a certificate.
            let log = self.folder.path().join("log");
            while !std::fs::read_to_string(&log)
                .expect("its log")
                .contains("serving client traffic")
            {
                if self.child.as_mut().expect("a process").try_wait().expect("a process").is_some()
                {
                    return false;
                }
                tokio::task::yield_now().await;
            }
            return true;
        }
        loop {
            let response = self.gateway().try_post("kv/range", &json!({ "key": "eA==" })).await;
            if response.is_some_and(|response| response.get("error").is_none()) {
                return true;
            }
            if self.child.as_mut().expect("a process").try_wait().expect("a process").is_some() {
                return false;
            }
        }
    }

    /// Waits until it executes requests.
    pub(crate) async fn wait_until_ready(&mut self) {
        assert!(self.is_ready().await, "the server has ended");
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn url(&self) -> String {
        format!("etcd://{}", self.address())
    }

    pub(crate) fn gateway(&self) -> Gateway {
        Gateway::of(&self.url())
    }

    #[cfg(feature = "tls")]
    pub(crate) fn data(name: &str) -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
    }

    /// Whether it is the leader.
    pub(crate) async fn is_leader(&self) -> bool {
        let status = self.gateway().post("maintenance/status", json!({})).await;
        status["leader"] == status["header"]["member_id"]
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.down();
    }
}

/// A started store on the servers of a URL.
pub(crate) async fn started(url: &str) -> EtcdJobStore {
    let store = EtcdJobStore::open(url).expect("valid options");
    store.start().await.expect("the store starts");
    store
}
