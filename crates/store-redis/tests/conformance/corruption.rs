//! Corrupt data, as `scripts/common.lua` describes the layout.

use punctual_testkit::job_store::Corruption;
use redis::aio::MultiplexedConnection;
use redis::{FromRedisValue, cmd};

/// Keys of a store.
struct Data<'c> {
    connection: &'c mut MultiplexedConnection,
    prefix: &'c str,
}

impl Data<'_> {
    async fn call<T: FromRedisValue>(&mut self, name: &str, key: &str, args: &[&str]) -> T {
        let key = format!("{{{}}}:{key}", self.prefix);
        let reply = cmd(name).arg(key).arg(args).query_async(self.connection).await;
        reply.expect("Redis accepts all values")
    }

    /// Replaces the value of a field.
    async fn edit(&mut self, key: &str, field: &str, change: impl FnOnce(String) -> String) {
        let value: String = self.call("HGET", key, &[field]).await;
        let _: i64 = self.call("HSET", key, &[field, &change(value)]).await;
    }

    /// Renames a field, if it exists.
    async fn rename(&mut self, key: &str, old: &str, new: &str) {
        if let Some(value) = self.call::<Option<String>>("HGET", key, &[old]).await {
            let _: i64 = self.call("HDEL", key, &[old]).await;
            let _: i64 = self.call("HSET", key, &[new, &value]).await;
        }
    }

    /// Replaces the part with this index in the members of a sorted set, if it has this value.
    async fn replace(&mut self, key: &str, part: usize, old: &str, new: &str) {
        for member in self.call::<Vec<String>>("ZRANGE", key, &["0", "-1"]).await {
            let mut parts: Vec<_> = member.split('\x1f').collect();
            if parts[part] == old {
                parts[part] = new;
                let _: i64 = self.call("ZREM", key, &[&member]).await;
                let _: i64 = self.call("ZADD", key, &["0", &parts.join("\x1f")]).await;
            }
        }
    }
}

fn number(value: i64) -> String {
    format!("{:016x}", value.cast_unsigned() ^ (1 << 63))
}

/// Replaces the text from this index on by another one of the same length.
fn overwrite(text: String, index: usize, new: &str) -> String {
    [&text[..index], new, &text[index + new.len()..]].concat()
}

pub(crate) async fn write(
    connection: &mut MultiplexedConnection,
    prefix: &str,
    corruption: Corruption,
) {
    let mut data = Data { connection, prefix };
    match corruption {
        Corruption::Fence(id, value) => {
            data.edit("jobs", id.as_str(), |header| overwrite(header, 0, &number(value))).await;
        }
        Corruption::Revision(id, value) => {
            data.edit("jobs", id.as_str(), |header| overwrite(header, 113, &number(value))).await;
        }
        Corruption::FireCount(id, value) => {
            data.edit("jobs", id.as_str(), |header| overwrite(header, 56, &number(value))).await;
        }
        // Only in the header, so that the indexes differ from it.
        Corruption::Task(id, text) => {
            let change = |header: String| {
                let (_, node) = header.split_once('\x1f').expect("a header");
                format!("{}{text}\x1f{node}", &header[..137])
            };
            data.edit("jobs", id.as_str(), change).await;
        }
        Corruption::Id(id, text) => {
            for key in ["jobs", "definitions", "runs"] {
                data.rename(key, id.as_str(), &text).await;
            }
            for (key, part) in [("order", 1), ("run_times", 2), ("claims", 4), ("owned", 2)] {
                data.replace(key, part, id.as_str(), &text).await;
            }
        }
        Corruption::Attempt(id, run, _) => {
            // A number out of range does not fit.
            let change = |runs: String| {
                let start = runs.find(&run.to_string()).expect("the run");
                overwrite(runs, start + 48, "????????")
            };
            data.edit("runs", id.as_str(), change).await;
        }
        Corruption::RunFence(id, run, value) => {
            let change = |runs: String| {
                let start = runs.find(&run.to_string()).expect("the run");
                overwrite(runs, start + 56, &number(value))
            };
            data.edit("runs", id.as_str(), change).await;
        }
        Corruption::RunNode(id, run, text) => {
            let mut old = String::new();
            let change = |runs: String| {
                let start = runs.find(&run.to_string()).expect("the run") + 72;
                let end = runs[start..].find('\x1e').map_or(runs.len(), |length| start + length);
                old = runs[start..end].into();
                [&runs[..start], &text, &runs[end..]].concat()
            };
            data.edit("runs", id.as_str(), change).await;
            let suffix = format!("\x1f{id}\x1f{run}");
            for member in data.call::<Vec<String>>("ZRANGE", "owned", &["0", "-1"]).await {
                if member.ends_with(&suffix) {
                    let rest = member.strip_prefix(&old).expect("the node");
                    let _: i64 = data.call("ZREM", "owned", &[&member]).await;
                    let _: i64 = data.call("ZADD", "owned", &["0", &format!("{text}{rest}")]).await;
                }
            }
        }
        Corruption::Lease(node) => {
            let _: i64 = data.call("HSET", "nodes", &[node.as_str(), &number(i64::MAX)]).await;
        }
        Corruption::Key(old, new) => data.rename("metadata", &old, &new).await,
        Corruption::Outcome(run, text) => {
            for entry in data.call::<Vec<String>>("ZRANGE", "history", &["0", "-1"]).await {
                if entry.contains(&run.to_string()) {
                    let changed = replaced_outcome(&entry, &text);
                    let _: i64 = data.call("ZREM", "history", &[&entry]).await;
                    let _: i64 = data.call("ZADD", "history", &["0", &changed]).await;
                }
            }
        }
        other => panic!("{other:?} is not supported by this fixture"),
    }
}

fn replaced_outcome(entry: &str, text: &str) -> String {
    let (start, json) = entry.split_once('\x1f').expect("an entry");
    let mut json: serde_json::Value = serde_json::from_str(json).expect("JSON");
    json[4] = text.into();
    format!("{start}\x1f{json}")
}
