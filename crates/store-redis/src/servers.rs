//! The servers to which a client connects: one, several of which one accepts changes, or the one that sentinels name.

use std::io::{self, ErrorKind};

use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, RedisError, RedisResult,
};

use crate::tls::{self, Tls};

/// The servers of a store, with the login.
#[derive(Clone)]
pub(crate) enum Servers {
    /// The addresses in the order in which they are tried. Each server of a cluster knows the one with the store's keys.
    Addresses(Vec<ConnectionInfo>),
    /// The name of a master, sentinels that know its address, and a server whose address is to be replaced by it.
    Sentinel { master: String, sentinels: Vec<ConnectionInfo>, template: Box<ConnectionInfo> },
}

/// What is known about the server to which the next connection is opened.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hint {
    /// The index of the first address to try.
    pub(crate) first: usize,
    /// The address in a cluster to which a server has redirected the client.
    pub(crate) moved_to: Option<(String, u16)>,
}

impl Servers {
    /// Whether this build supports the connections, which may require encryption.
    pub(crate) fn are_supported(&self) -> bool {
        let is_supported = |server: &ConnectionInfo| server.addr().is_supported();
        match self {
            Self::Addresses(addresses) => addresses.iter().all(is_supported),
            Self::Sentinel { sentinels, template, .. } => {
                sentinels.iter().all(is_supported) && is_supported(template)
            }
        }
    }

    /// The number of servers to which it connects at most, one after the other.
    pub(crate) fn attempts(&self) -> u32 {
        let servers = match self {
            Self::Addresses(addresses) => addresses,
            Self::Sentinel { sentinels, .. } => sentinels,
        };
        u32::try_from(servers.len()).unwrap_or(u32::MAX - 1) + 1
    }

    /// Connects to the first server that can be reached.
    pub(crate) async fn connect(
        &self,
        hint: &Hint,
        tls: Option<&Tls>,
        config: &AsyncConnectionConfig,
    ) -> RedisResult<(Client, MultiplexedConnection)> {
        match self {
            Self::Addresses(addresses) => {
                let count = addresses.len();
                let moved = hint.moved_to.iter().map(|to| at(&addresses[0], to.clone()));
                let others = (0..count).map(|n| addresses[(hint.first + n) % count].clone());
                connect_to_any(moved.chain(others).collect(), tls, config).await
            }
            Self::Sentinel { master, sentinels, template } => {
                let (_, mut sentinel) = connect_to_any(sentinels.clone(), tls, config).await?;
                let mut ask = redis::cmd("SENTINEL");
                ask.arg("get-master-addr-by-name").arg(master);
                let found: Option<(String, u16)> = ask.query_async(&mut sentinel).await?;
                let unknown =
                    || RedisError::from((redis::ErrorKind::MasterNameNotFoundBySentinel, ""));
                connect_to_any(vec![at(template, found.ok_or_else(unknown)?)], tls, config).await
            }
        }
    }
}

async fn connect_to_any(
    servers: Vec<ConnectionInfo>,
    tls: Option<&Tls>,
    config: &AsyncConnectionConfig,
) -> RedisResult<(Client, MultiplexedConnection)> {
    let mut failure = RedisError::from(io::Error::from(ErrorKind::NotConnected));
    for server in servers {
        let client = tls::client(server, tls)?;
        match client.get_multiplexed_async_connection_with_config(config).await {
            Ok(connection) => return Ok((client, connection)),
            Err(error) => failure = error,
        }
    }
    Err(failure)
}

/// The same login on another server. A cluster leaves the host out if it is the same one.
fn at(server: &ConnectionInfo, (host, port): (String, u16)) -> ConnectionInfo {
    let host = Some(host).filter(|host| !host.is_empty());
    server.clone().set_addr(replaced(server.addr().clone(), host, Some(port)))
}

/// An address with another host or port.
pub(crate) fn replaced(
    addr: ConnectionAddr,
    new_host: Option<String>,
    new_port: Option<u16>,
) -> ConnectionAddr {
    match addr {
        ConnectionAddr::Tcp(host, port) => {
            ConnectionAddr::Tcp(new_host.unwrap_or(host), new_port.unwrap_or(port))
        }
        ConnectionAddr::TcpTls { host, port, insecure, tls_params } => ConnectionAddr::TcpTls {
            host: new_host.unwrap_or(host),
            port: new_port.unwrap_or(port),
            insecure,
            tls_params,
        },
        other => other,
    }
}
