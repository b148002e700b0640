//! What is checked when a store is started: the server's version, the quota of its database, and that old revisions are
//! compacted.

use punctual_core::StoreError;
use punctual_store_kit::kv::KvNamespace;

use crate::error::{RequestError, unexpected, unsupported};
use crate::etcd::Etcd;
use crate::messages::{AlarmMember, AlarmRequest, RangeRequest, StatusRequest, StatusResponse};

/// The oldest supported version.
const MIN_VERSION: (u32, u32) = (3, 4);

/// The number of revisions after which some should have been compacted.
const MANY_REVISIONS: i64 = 100_000;

impl Etcd {
    /// Checks the server, and warns if it will reject changes soon.
    pub(crate) async fn prepare(&self, quota_bytes: u64) -> Result<(), StoreError> {
        let status = match self.client.call(StatusRequest {}).await {
            // Newer servers (3.5.30) respond only to users with the role `root`. They are new enough.
            Err(error) if error.is_permission_denied() => return Ok(()),
            status => status?,
        };
        match version(&status.version) {
            None => return Err(unexpected()),
            Some(version) if version < MIN_VERSION => {
                let version = &status.version;
                return Err(unsupported(format!("etcd 3.4 or newer is required, not {version}")));
            }
            Some(_) => {}
        }
        self.check_alarms().await?;
        check_size(&status, quota_bytes);
        self.check_compaction(&status).await
    }

    async fn check_alarms(&self) -> Result<(), RequestError> {
        for alarm in self.client.call(AlarmRequest {}).await?.alarms {
            match alarm.alarm {
                AlarmMember::NO_SPACE => tracing::warn!(
                    "etcd rejects changes because its quota is exhausted (alarm NOSPACE): compact and defragment it, and \
                     disarm the alarm"
                ),
                AlarmMember::CORRUPT => {
                    tracing::warn!("etcd reports a corrupt member (alarm CORRUPT)")
                }
                alarm => tracing::warn!(alarm, "etcd reports an unknown alarm"),
            }
        }
        Ok(())
    }

    /// Reads the first revision, which succeeds only if none has been compacted.
    async fn check_compaction(&self, status: &StatusResponse) -> Result<(), StoreError> {
        let revisions = status.header.as_ref().map_or(0, |header| header.revision);
        if revisions < MANY_REVISIONS {
            return Ok(());
        }
        let key = self.keys.entry(KvNamespace::Format, "format");
        let first = RangeRequest { key, revision: 1, count_only: true, ..RangeRequest::default() };
        match self.client.call(first).await {
            Err(error) if error.is_compacted() => Ok(()),
            Err(error) => Err(error.into()),
            Ok(_) => {
                tracing::warn!(
                    revisions,
                    "etcd has never compacted its revisions, and will reject changes when its quota is exhausted: set \
                     --auto-compaction-mode=periodic and --auto-compaction-retention=5m"
                );
                Ok(())
            }
        }
    }
}

/// Warns if the size of the database is four fifths of the quota. Its file does not shrink: space that is not in use is
/// used again, or returned when the database is defragmented.
fn check_size(status: &StatusResponse, quota_bytes: u64) {
    let bytes = |number: i64| u64::try_from(number).unwrap_or(0);
    // Older servers don't tell their quota.
    let quota = match bytes(status.db_size_quota) {
        0 => quota_bytes,
        quota => quota,
    };
    let (size, in_use) = (bytes(status.db_size), bytes(status.db_size_in_use));
    if size >= quota / 5 * 4 {
        tracing::warn!(
            size,
            in_use,
            quota,
            "the database of etcd is almost full: compact and defragment it, or increase --quota-backend-bytes and the option \
             `quota_backend_bytes`"
        );
    }
}

/// The first two numbers of a version.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_their_first_two_numbers() {
        assert_eq!(version("3.4.23"), Some((3, 4)));
        assert_eq!(version("3.10.0-rc.1"), Some((3, 10)));
        assert!(version("3.10.0") > version("3.4.0"));
        assert_eq!(["", "3", "a.b"].map(version), [None; 3]);
    }
}
