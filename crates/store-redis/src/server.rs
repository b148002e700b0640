//! What is checked when a store is started: the version of the server and of the stored layout, and settings that could lose
//! jobs.

use punctual_core::StoreError;
use redis::cmd;

use crate::client::unsupported;
use crate::database::Redis;
use crate::scripts;

/// The version of the layout of keys and values. A change of `common.lua` that other versions can't read increases it.
const LAYOUT: u32 = 1;

/// The oldest version of Redis; Valkey tells one, too.
const MIN_VERSION: (u32, u32) = (7, 0);

/// The oldest version with `WAITAOF`.
const MIN_VERSION_OF_SYNC: (u32, u32) = (7, 2);

/// Checks the server and prepares the keys. `sync` is whether commits wait for the disk.
pub(crate) async fn check(redis: &Redis, sync: bool) -> Result<(), StoreError> {
    let info = redis.run(&cmd("INFO")).await?.text(0)?;
    let field = |name: &str| {
        let mut lines = info.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(own, _)| *own == name).map_or("", |(_, value)| value)
    };
    check_version(field("redis_version"), sync)?;
    let has_append_only_file = field("aof_enabled") == "1";
    let never_syncs = async || setting(redis, "appendfsync").await.is_some_and(|when| when == "no");
    if sync && (!has_append_only_file || never_syncs().await) {
        return Err(unsupported(
            "`wait_aof` needs the settings `appendonly yes` and `appendfsync everysec` or `always` of the server",
        ));
    }
    let evicts = field("maxmemory_policy").starts_with("allkeys");
    if evicts && field("maxmemory") != "0" {
        tracing::warn!(
            "Redis may delete jobs when its memory is full: set `maxmemory-policy` to `noeviction`"
        );
    }
    let snapshots = setting(redis, "save").await;
    if !has_append_only_file && snapshots.is_some_and(|save| save.is_empty()) {
        tracing::warn!("Redis loses all jobs when it is restarted: set `appendonly` to `yes`");
    }
    let open = redis.call(&scripts::OPEN).arg(LAYOUT).arg(redis.channel());
    let stored: u32 = redis.read(open).await?.number(0)?;
    if stored > LAYOUT {
        return Err(unsupported(format!(
            "the stored jobs have version {stored}, but this version supports versions up to {LAYOUT}: \
             upgrade this program"
        )));
    }
    Ok(())
}

fn check_version(version: &str, sync: bool) -> Result<(), StoreError> {
    let mut numbers = version.split('.').map(|part| part.parse().unwrap_or(0));
    let found = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if found < MIN_VERSION {
        return Err(unsupported(format!("Redis 7.0 or newer is required, not {version}")));
    }
    if sync && found < MIN_VERSION_OF_SYNC {
        return Err(unsupported(format!("`wait_aof` requires Redis 7.2 or newer, not {version}")));
    }
    Ok(())
}

/// A setting of the server; `None` if the user may not read it.
async fn setting(redis: &Redis, name: &str) -> Option<String> {
    redis.run(cmd("CONFIG").arg("GET").arg(name)).await.ok()?.text(1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_servers_are_unsupported() {
        for (version, plain, sync) in [
            ("7.0.15", true, false),
            ("7.2.4", true, true),
            ("10.0.0-rc1", true, true),
            ("6.2.16", false, false),
            ("", false, false),
        ] {
            assert_eq!(check_version(version, false).is_ok(), plain, "{version}");
            assert_eq!(check_version(version, true).is_ok(), sync, "{version}");
        }
    }
}
