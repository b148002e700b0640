//! Servers with other options than those of `scripts/services`; killed when dropped.

use std::fs::File;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use mongodb::bson::{Document, doc};
use mongodb::options::{ClientOptions, Credential, ServerAddress};
use mongodb::{Client, Database};
use punctual_core::JobStore;
use punctual_store_mongodb::MongoDbJobStore;
use tempfile::TempDir;

/// A server, possibly a member of a replica set. Its port stays the same when it is started again.
pub(crate) struct Member {
    child: Option<Child>,
    folder: TempDir,
    options: Vec<String>,
    port: u16,
}

/// The name of replica sets.
const SET: &str = "set";

impl Member {
    /// Starts a single server.
    pub(crate) async fn start(options: &[&str]) -> Self {
        loop {
            let mut member = Self::new(options);
            member.up();
            if member.is_ready().await {
                return member;
            }
        }
    }

    /// Starts a replica set of one member.
    pub(crate) async fn start_one() -> Self {
        let [member] = Self::start_set().await;
        member
    }

    /// Starts a replica set of three members.
    pub(crate) async fn start_three() -> [Self; 3] {
        Self::start_set().await
    }

    async fn start_set<const N: usize>() -> [Self; N] {
        let mut members = Vec::with_capacity(N);
        for _ in 0..N {
            members.push(Self::start(&["--replSet", SET]).await);
        }
        let members = <[Self; N]>::try_from(members).ok().expect("N members");
        let list =
            (0..).zip(&members).map(|(id, member)| doc! { "_id": id, "host": member.address() });
        // A failover within two seconds instead of ten.
        let settings = doc! { "electionTimeoutMillis": 1_000, "heartbeatIntervalMillis": 200 };
        let set = doc! { "_id": SET, "members": list.collect::<Vec<_>>(), "settings": settings };
        members[0].run("admin", doc! { "replSetInitiate": set }).await.expect("a replica set");
        Self::primary(&members).await;
        members
    }

    /// Another process may take its port before it does; then it ends.
    fn new(options: &[&str]) -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
        Self {
            child: None,
            folder: TempDir::new().expect("a folder"),
            options: options.iter().map(|option| (*option).to_owned()).collect(),
            port: socket.local_addr().expect("a port").port(),
        }
    }

    /// Starts its process.
    pub(crate) fn up(&mut self) {
        let program = std::env::var("PUNCTUAL_MONGOD").expect(
            "this test needs PUNCTUAL_MONGOD; run this first: eval \"$(scripts/services start mongodb)\"",
        );
        let log = File::create(self.folder.path().join("log")).expect("a file");
        let mut command = Command::new(&program);
        command.args(["--dbpath", ".", "--bind_ip", "127.0.0.1", "--nounixsocket"]);
        command.args(["--port", &self.port.to_string(), "--wiredTigerCacheSizeGB", "0.25"]);
        command.args(&self.options).current_dir(&self.folder);
        let child = command.stdin(Stdio::null()).stdout(log).stderr(Stdio::null()).spawn();
        self.child =
            Some(child.unwrap_or_else(|error| panic!("PUNCTUAL_MONGOD={program}: {error}")));
    }

    /// Kills its process.
    pub(crate) fn down(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("to kill a child");
            child.wait().expect("to wait for a child");
        }
    }

    /// Stops its process without ending it.
    pub(crate) fn suspend(&self) {
        self.signal("-STOP");
    }

    /// Continues its process.
    pub(crate) fn resume(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let id = self.child.as_ref().expect("a process").id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().expect("kill").success());
    }

    /// Waits until it accepts connections; false if its process has ended.
    async fn is_ready(&mut self) -> bool {
        let log = self.folder.path().join("log");
        while !std::fs::read_to_string(&log).expect("its log").contains("Waiting for connections") {
            if self.child.as_mut().expect("a process").try_wait().expect("a process").is_some() {
                return false;
            }
            tokio::task::yield_now().await;
        }
        true
    }

    /// Waits until it accepts connections.
    pub(crate) async fn wait_until_ready(&mut self) {
        assert!(self.is_ready().await, "the server has ended");
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Its URL, which names it alone.
    pub(crate) fn url(&self) -> String {
        format!("mongodb://{}/?directConnection=true", self.address())
    }

    /// The URL of a replica set.
    pub(crate) fn url_of_all(members: &[Self]) -> String {
        let addresses: Vec<_> = members.iter().map(Self::address).collect();
        format!("mongodb://{}/?replicaSet={SET}", addresses.join(","))
    }

    /// The index of the primary of a replica set, when there is one.
    pub(crate) async fn primary(members: &[Self]) -> usize {
        loop {
            for (index, member) in members.iter().enumerate() {
                let hello = member.run("admin", doc! { "hello": 1 }).await;
                if hello.is_ok_and(|hello| hello.get_bool("isWritablePrimary").unwrap_or(false)) {
                    return index;
                }
            }
        }
    }

    /// Executes a command on this server.
    pub(crate) async fn run(
        &self,
        database: &str,
        command: Document,
    ) -> mongodb::error::Result<Document> {
        self.database(database, None).run_command(command).await
    }

    /// A database of this server, by a client of its own.
    pub(crate) fn database(&self, name: &str, login: Option<(&str, &str)>) -> Database {
        let credential = login.map(|(user, password)| {
            let builder = Credential::builder().username(user.to_owned());
            builder.password(password.to_owned()).source("admin".to_owned()).build()
        });
        let address = ServerAddress::parse(self.address()).expect("an address");
        let options = ClientOptions::builder()
            .hosts(vec![address])
            .direct_connection(true)
            .server_selection_timeout(Duration::from_secs(5))
            .credential(credential)
            .build();
        Client::with_options(options).expect("valid options").database(name)
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.down();
    }
}

/// A started store on the servers of a URL.
pub(crate) async fn started(url: String) -> MongoDbJobStore {
    let store = MongoDbJobStore::open(url).expect("a valid URL");
    store.start().await.expect("the store starts");
    store
}
