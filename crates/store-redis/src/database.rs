//! An open store: its connection and the names of its keys.

use punctual_core::{BatchLimit, StoreError};
use redis::Cmd;

use crate::client::{Call, Client};
use crate::keys::Keys;
use crate::reply::Reply;
use crate::scripts::Script;

/// The limit of one script. The server executes nothing else meanwhile, some 20 ms for 1,000 jobs.
pub(crate) const LIMIT: BatchLimit = BatchLimit { count: 1_000, bytes: 16 << 20 };

/// The size of the definitions in one reply after which no further job is added to it.
pub(crate) const REPLY_BYTES: usize = 16 << 20;

/// An open store. Clones share the connection.
#[derive(Clone, Debug)]
pub(crate) struct Redis {
    pub(crate) client: Client,
    pub(crate) keys: Keys,
    /// Whether to wait until changes are on the disk.
    pub(crate) sync: bool,
}

impl Redis {
    pub(crate) fn key(&self, index: usize) -> &str {
        &self.keys.all[index]
    }

    pub(crate) fn channel(&self) -> &str {
        &self.keys.channel
    }

    pub(crate) fn call(&self, script: &'static Script) -> Call {
        Call::new(script, &self.keys.all)
    }

    /// Executes a script that changes nothing, or only claims and leases, which may be lost when the server's machine
    /// fails: the jobs are then claimed again, and a run that has started under a lost claim is repeated.
    pub(crate) async fn read(&self, call: Call) -> Result<Reply, StoreError> {
        self.client.execute(&call, false).await
    }

    /// Executes a script whose changes are to be durable when the call returns.
    pub(crate) async fn write(&self, call: Call) -> Result<Reply, StoreError> {
        self.client.execute(&call, self.sync).await
    }

    pub(crate) async fn run(&self, cmd: &Cmd) -> Result<Reply, StoreError> {
        self.client.send(cmd).await
    }
}
