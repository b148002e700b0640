//! Servers with other options than those of `scripts/services`; killed when dropped.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use punctual_core::JobStore;
use punctual_store_zookeeper::ZooKeeperJobStore;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

use crate::nodes::Nodes;

/// How long a server may take for an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

const CLASSES: &str = "/usr/share/java/zookeeper.jar:/usr/share/java/slf4j-simple.jar";

/// A server. Its port stays the same when it is started again.
pub(crate) struct Member {
    child: Option<Child>,
    /// The lines of its log.
    log: UnboundedReceiver<String>,
    folder: TempDir,
    options: Vec<String>,
    port: u16,
    /// What its log contains when it executes requests.
    ready: &'static str,
}

/// Some ports that are free now.
fn ports<const N: usize>() -> [u16; N] {
    let sockets = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").expect("a port"));
    sockets.map(|socket| socket.local_addr().expect("a port").port())
}

impl Member {
    /// Starts a single server. Another process may take its port before it does; then another one is tried.
    pub(crate) async fn start(options: &[&str]) -> Self {
        loop {
            let [port] = ports();
            let mut member = Self::new(port, &[], options, "ZooKeeper audit is disabled");
            member.up();
            if member.is_ready().await {
                return member;
            }
        }
    }

    /// Starts an ensemble of three servers.
    pub(crate) async fn start_three() -> [Self; 3] {
        'tries: loop {
            let [a, b, c, d, e, f, g, h, i] = ports();
            let servers = [(1, d, e), (2, f, g), (3, h, i)]
                .map(|(id, peers, election)| format!("server.{id}=127.0.0.1:{peers}:{election}"));
            let mut members = [a, b, c].map(|port| Self::new(port, &servers, &[], "- broadcast"));
            for (id, member) in (1..).zip(&mut members) {
                let file = member.folder.path().join("data/myid");
                std::fs::write(file, format!("{id}")).expect("a file");
                member.up();
            }
            for member in &mut members {
                if !member.is_ready().await {
                    continue 'tries;
                }
            }
            return members;
        }
    }

    fn new(port: u16, servers: &[String], options: &[&str], ready: &'static str) -> Self {
        let folder = TempDir::new().expect("a folder");
        let data = folder.path().join("data");
        std::fs::create_dir(&data).expect("a folder");
        let mut config = vec![
            format!("dataDir={}", data.display()),
            format!("clientPort={port}"),
            "clientPortAddress=127.0.0.1\ntickTime=500\ninitLimit=40\nsyncLimit=10".into(),
            "admin.enableServer=false\n4lw.commands.whitelist=*".into(),
        ];
        config.extend(servers.iter().cloned());
        std::fs::write(folder.path().join("config"), config.join("\n")).expect("a file");
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        Self { child: None, log: unbounded_channel().1, folder, options, port, ready }
    }

    /// Starts its process.
    pub(crate) fn up(&mut self) {
        let mut command = Command::new("java");
        command.args(["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]);
        command.args(["-Djava.net.preferIPv4Stack=true", "-Dzookeeper.forceSync=no"]);
        command.args(&self.options).args(["-cp", CLASSES]);
        command.arg("org.apache.zookeeper.server.quorum.QuorumPeerMain");
        command.arg(self.folder.path().join("config")).current_dir(&self.folder);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program java");
        let lines = BufReader::new(child.stderr.take().expect("its log")).lines();
        let (sender, receiver) = unbounded_channel();
        std::thread::spawn(move || {
            lines.map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        (self.child, self.log) = (Some(child), receiver);
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
        while let Some(line) = self.log.recv().await {
            if line.ends_with(self.ready) || line.contains(&format!("{}.", self.ready)) {
                return true;
            }
        }
        false
    }

    /// Waits until it executes requests.
    pub(crate) async fn wait_until_ready(&mut self) {
        assert!(self.is_ready().await, "the server has ended");
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub(crate) fn url(&self) -> String {
        format!("zookeeper://{}", self.address())
    }

    /// The nodes of a store with the default path.
    pub(crate) async fn nodes(&self) -> Nodes {
        Nodes::of(&self.url(), "/punctual").await
    }

    /// Its answer to a command of four letters: none during a part of its start.
    pub(crate) async fn answer(&self, command: &str) -> String {
        let mut connection = TcpStream::connect(self.address()).await.expect("a connection");
        connection.write_all(command.as_bytes()).await.expect("to send");
        let mut answer = String::new();
        match timeout(ANSWER_TIMEOUT, connection.read_to_string(&mut answer)).await {
            Ok(result) => {
                result.expect("an answer");
                answer
            }
            Err(_) => String::new(),
        }
    }

    /// The number of sessions that have not expired.
    pub(crate) async fn sessions(&self) -> usize {
        let dump = self.answer("dump").await;
        let sessions = dump.lines().filter(|line| line.trim_start().starts_with("0x"));
        sessions.filter(|line| line.ends_with("ms")).count()
    }

    /// Whether it is the leader.
    pub(crate) async fn is_leader(&self) -> bool {
        self.answer("srvr").await.contains("Mode: leader")
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.down();
    }
}

/// A started store on the servers of a URL.
pub(crate) async fn started(url: &str) -> ZooKeeperJobStore {
    let store = ZooKeeperJobStore::open(url).expect("valid options");
    store.start().await.expect("the store starts");
    store
}
