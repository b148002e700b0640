//! The store on servers of its own: logins, failures of members, limits, encryption. Requires the program `etcd`, which
//! `scripts/services start etcd` installs.

#[allow(dead_code, reason = "used by other tests, too")]
#[path = "../common/gateway.rs"]
mod gateway;

mod access;
mod failures;
mod limits;
mod process;
mod stale;
#[cfg(feature = "tls")]
mod tls;
mod watches;
