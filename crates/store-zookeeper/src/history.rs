//! Searches for entries of the history.

use std::collections::BTreeSet;
use std::ops::Range;

use punctual_core::{JobId, StoreError};
use punctual_store_kit::kv::{HistoryQuery, HistoryQueryResult, KvNamespace};
use serde::Deserialize;

use crate::error::RequestError;
use crate::layout::Version;
use crate::names::{decode, encode, history_bucket};
use crate::queries::growing;
use crate::zookeeper::ZooKeeper;

/// The name of the node of an entry in the index by jobs; `None` if the entry is corrupt.
pub(crate) fn index_name(key: &str, header: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Header {
        entry: Entry,
    }
    #[derive(Deserialize)]
    struct Entry {
        job_id: JobId,
    }
    let Header { entry } = serde_json::from_slice(header).ok()?;
    Some(format!("job_history/{}/{}", encode(entry.job_id.as_str()), encode(key)))
}

impl ZooKeeper {
    pub(crate) async fn find_history(
        &self,
        queries: &[HistoryQuery<'_>],
    ) -> Result<HistoryQueryResult<Version>, StoreError> {
        let (mut keys, mut is_complete) = (BTreeSet::new(), true);
        for query in queries {
            let mut found = match query.job {
                Some(job) => {
                    let names = self.children(format!("job_history/{}", encode(job.as_str())));
                    in_range(&names.await?, &query.keys)
                }
                None => self.walk_history(query).await?,
            };
            found.sort_unstable();
            if query.newest {
                found.reverse();
            }
            is_complete &= found.len() <= query.limit;
            found.truncate(query.limit);
            keys.extend(found);
        }
        let keys: Vec<_> = keys.into_iter().collect();
        let entries = self.read_keys(KvNamespace::History, &keys).await?;
        // Those that have been deleted since don't matter: there is no other order in which they would be found.
        Ok(HistoryQueryResult { entries: entries.into_iter().flatten().collect(), is_complete })
    }

    /// The first keys in the buckets, or the last ones: all, or some more than the limit.
    async fn walk_history(&self, query: &HistoryQuery<'_>) -> Result<Vec<String>, RequestError> {
        let bounds = [&query.keys.start, &query.keys.end].map(|key| history_bucket(key));
        let mut buckets = self.children("history".to_owned()).await?;
        buckets.retain(|bucket| (&bounds[0]..=&bounds[1]).contains(&bucket));
        buckets.sort_unstable();
        if query.newest {
            buckets.reverse();
        }
        let buckets: Vec<_> = buckets.into_iter().map(|name| format!("history/{name}")).collect();
        let mut keys = Vec::new();
        for buckets in growing(&buckets) {
            for (_, names) in self.children_of(buckets).await? {
                keys.extend(in_range(&names, &query.keys));
            }
            if keys.len() > query.limit {
                break;
            }
        }
        Ok(keys)
    }
}

fn in_range(names: &[String], range: &Range<String>) -> Vec<String> {
    let keys = names.iter().filter_map(|name| decode(name));
    keys.filter(|key| range.contains(key)).collect()
}
