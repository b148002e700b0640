//! A Redis and Valkey job store of the Punctual job scheduler: [`RedisJobStore`].
//!
//! Each operation is a Lua script, which the server executes atomically; the files in `src/scripts` document their
//! arguments, and `common.lua` the keys. The Rust code encodes arguments and decodes replies.
//!
//! The feature `tls` adds encrypted connections.

mod backend;
mod client;
mod commits;
mod error;
mod history;
mod jobs;
mod keys;
mod layout;
mod metadata;
mod nodes;
mod options;
mod reply;
mod scripts;
mod server;
mod servers;
mod store;
#[cfg(test)]
mod tests;
mod watch;

pub use options::RedisJobStoreBuilder;
pub use store::RedisJobStore;
