//! The store on servers of its own: logins, sessions, failures of members, limits. Requires ZooKeeper, which
//! `scripts/services start zookeeper` installs.

#[allow(dead_code, reason = "used by other tests, too")]
#[path = "../common/nodes.rs"]
mod nodes;

mod access;
mod failures;
mod limits;
mod process;
mod sessions;
mod stale;
mod watches;
