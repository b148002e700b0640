//! Tests whether connections respond.

use std::io::ErrorKind;
use std::time::Duration;

use sqlx::Connection;
use tokio::time::timeout;

/// A connection that has been idle for this time is pinged before it is used.
const PING_AFTER_IDLE: Duration = Duration::from_secs(1);

/// The timeout of a ping. A server that has become unreachable never responds.
const PING_TIMEOUT: Duration = Duration::from_secs(2);

/// Pings a connection with a timeout.
pub(crate) async fn ping(connection: &mut impl Connection) -> Result<(), sqlx::Error> {
    let timed_out = |_| sqlx::Error::Io(ErrorKind::TimedOut.into());
    timeout(PING_TIMEOUT, connection.ping()).await.map_err(timed_out)?
}

/// Whether a connection that has been idle for this time can be used. It is pinged if it might have been lost.
pub(crate) async fn is_usable(
    connection: &mut impl Connection,
    idle: Duration,
    max_idle: Duration,
) -> Result<bool, sqlx::Error> {
    if idle >= max_idle {
        return Ok(false);
    }
    if idle >= PING_AFTER_IDLE {
        ping(connection).await?;
    }
    Ok(true)
}
