//! A scripted peer: the primary of a replica set of MongoDB 8.0 whose responses a test can replace.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};

use mongodb::bson::{DateTime, Document, doc};
use punctual_core::JobStore;
use punctual_store_mongodb::MongoDbJobStore;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::documents::{Documents, cursor};
use crate::wire::Request;

/// What the peer does with a request instead of executing it.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// Responds with this document.
    Respond(Document),
    /// Executes it and responds with these fields in addition.
    Add(Document),
    /// Executes it, and closes the connection without a response.
    Disconnect,
    /// Neither executes it nor responds.
    Ignore,
}

/// A server in this process.
#[derive(Clone)]
pub(crate) struct Peer(Arc<Shared>);

struct Shared {
    address: String,
    state: Mutex<State>,
    /// The number of events of change streams.
    events: watch::Sender<u64>,
    /// Closes all connections with change streams when it increases.
    disconnects: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    documents: Documents,
    /// The names of the commands since the last call of `commands`.
    commands: Vec<String>,
    /// The next faults, each for a command with this name.
    faults: VecDeque<(&'static str, Fault)>,
    /// The number of events that each change stream has returned or skipped.
    streams: Vec<u64>,
    /// Whether it claims to be a replica set.
    is_standalone: bool,
}

impl Peer {
    /// Starts a peer on a free port.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let peer = Self(Arc::new(Shared {
            address: listener.local_addr().expect("a port").to_string(),
            state: Mutex::default(),
            events: watch::Sender::new(0),
            disconnects: watch::Sender::new(0),
        }));
        let server = peer.clone();
        tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let server = server.clone();
                connections.spawn(async move { server.serve(client).await });
            }
        });
        peer
    }

    pub(crate) fn url(&self) -> String {
        format!("mongodb://{}/?replicaSet=main", self.0.address)
    }

    /// The URL of a connection that does not search for the primary.
    pub(crate) fn direct_url(&self) -> String {
        format!("mongodb://{}/?directConnection=true", self.0.address)
    }

    pub(crate) fn be_standalone(&self) {
        self.0.state.lock().expect("not poisoned").is_standalone = true;
    }

    /// Takes the names of the commands since the last call, without those of the client library.
    pub(crate) fn commands(&self) -> Vec<String> {
        std::mem::take(&mut self.0.state.lock().expect("not poisoned").commands)
    }

    /// Applies a fault to the next command with this name.
    pub(crate) fn fail(&self, command: &'static str, fault: Fault) {
        self.0.state.lock().expect("not poisoned").faults.push_back((command, fault));
    }

    /// Closes the connections that wait for an event.
    pub(crate) fn disconnect_streams(&self) {
        self.0.disconnects.send_modify(|count| *count += 1);
    }

    async fn serve(&self, mut client: TcpStream) -> io::Result<()> {
        while let Some(request) = Request::read(&mut client).await? {
            let fault = self.record(&request);
            let response = match fault {
                Some(Fault::Respond(response)) => response,
                Some(Fault::Ignore) => continue,
                Some(Fault::Disconnect) => {
                    self.respond(&request).await;
                    return Ok(());
                }
                Some(Fault::Add(fields)) => {
                    let mut response = self.respond(&request).await.unwrap_or_default();
                    response.extend(fields);
                    response
                }
                None => match self.respond(&request).await {
                    Some(response) => response,
                    None => return Ok(()),
                },
            };
            client.write_all(&request.response(&response)).await?;
        }
        Ok(())
    }

    fn record(&self, request: &Request) -> Option<Fault> {
        let name = request.name();
        if matches!(name, "hello" | "isMaster" | "ismaster" | "endSessions" | "killCursors") {
            return None;
        }
        let mut state = self.0.state.lock().expect("not poisoned");
        state.commands.push(name.to_owned());
        let index = state.faults.iter().position(|(command, _)| *command == name)?;
        state.faults.remove(index).map(|(_, fault)| fault)
    }

    /// Executes a request; `None` if the connection is closed instead.
    async fn respond(&self, request: &Request) -> Option<Document> {
        let name = request.name();
        match name {
            "hello" | "isMaster" | "ismaster" => return Some(self.hello()),
            "aggregate" => {
                // A stream begins with the next event, or with the one after its token.
                let stage = &request.command.get_array("pipeline").expect("stages")[0];
                let options = stage.as_document().expect("a stage").get_document("$changeStream");
                let after = options.expect("a stream").get_document("resumeAfter").ok();
                let token = after.map(|token| token.get_str("_data").expect("a token"));
                let seen = token.map_or_else(
                    || *self.0.events.borrow(),
                    |token| token.parse().expect("a number"),
                );
                let streams = &mut self.0.state.lock().expect("not poisoned").streams;
                streams.push(seen);
                return Some(cursor(Some((streams.len(), seen)), "firstBatch", Vec::new()));
            }
            "getMore" => {
                let stream = request.command.get_i64("getMore").expect("the number of a stream");
                let stream = usize::try_from(stream).expect("the number of a stream");
                let seen = self.0.state.lock().expect("not poisoned").streams[stream - 1] + 1;
                let mut events = self.0.events.subscribe();
                let mut disconnects = self.0.disconnects.subscribe();
                tokio::select! {
                    _ = events.wait_for(|count| *count >= seen) => {}
                    _ = disconnects.changed() => return None,
                }
                self.0.state.lock().expect("not poisoned").streams[stream - 1] = seen;
                let event = doc! { "_id": { "_data": seen.to_string() } };
                return Some(cursor(Some((stream, seen)), "nextBatch", vec![event]));
            }
            _ => {}
        }
        let (response, is_told) =
            self.0.state.lock().expect("not poisoned").documents.execute(name, &request.command);
        if is_told {
            self.0.events.send_modify(|count| *count += 1);
        }
        Some(response)
    }

    fn hello(&self) -> Document {
        let mut hello = doc! {
            "ok": 1, "helloOk": true, "ismaster": true, "isWritablePrimary": true,
            "maxBsonObjectSize": 16 << 20, "maxMessageSizeBytes": 48_000_000, "maxWriteBatchSize": 100_000,
            "localTime": DateTime::from_millis(1_772_452_800_123), "minWireVersion": 0, "maxWireVersion": 25,
        };
        if !self.0.state.lock().expect("not poisoned").is_standalone {
            let address = &self.0.address;
            hello.extend(doc! {
                "setName": "main", "setVersion": 1, "secondary": false, "hosts": [address], "me": address,
                "primary": address, "logicalSessionTimeoutMinutes": 30,
            });
        }
        hello
    }
}

/// A started store on a peer.
pub(crate) async fn started(url: String) -> MongoDbJobStore {
    let store = MongoDbJobStore::open(url).expect("a valid URL");
    store.start().await.expect("the store starts");
    store
}
