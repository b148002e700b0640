//! Searches for entries of the history.

use std::collections::HashSet;

use punctual_core::StoreError;
use punctual_store_kit::kv::{HistoryQuery, HistoryQueryResult, KvNamespace};

use crate::error::RequestError;
use crate::etcd::Etcd;
use crate::history_keys::key_range;
use crate::layout::{SEPARATOR, Version};
use crate::messages::RangeRequest;
use crate::queries::{MAX_ATTEMPTS, limit};
use crate::stale::StaleKey;

impl Etcd {
    pub(crate) async fn find_history(
        &self,
        queries: &[HistoryQuery<'_>],
    ) -> Result<HistoryQueryResult<Version>, StoreError> {
        for _ in 0..MAX_ATTEMPTS {
            if let Some(result) = self.find_entries(queries).await? {
                return Ok(result);
            }
        }
        Err(RequestError::unavailable("the index of the history changes too fast").into())
    }

    /// `None` if keys of the index had no entry: they have been deleted.
    async fn find_entries(
        &self,
        queries: &[HistoryQuery<'_>],
    ) -> Result<Option<HistoryQueryResult<Version>>, StoreError> {
        let range = |query: &HistoryQuery<'_>| {
            let (key, range_end) = key_range(&self.keys, &query.keys, query.job)?;
            let sort_order = if query.newest { 0 } else { RangeRequest::DESCENDING };
            let limit = limit(query.limit);
            Some(RangeRequest {
                key,
                range_end,
                limit,
                sort_order,
                keys_only: true,
                ..RangeRequest::default()
            })
        };
        let (found, _) = self.ranges(queries.iter().filter_map(range).collect(), 0).await?;
        let is_complete = !found.iter().any(|found| found.more);
        let mut seen = HashSet::new();
        let (mut names, mut indexed) = (Vec::new(), Vec::new());
        for kv in found.iter().flat_map(|found| &found.kvs) {
            let by_job = self.keys.last_part("job_history", &kv.key);
            let by_job = by_job.and_then(|name| Some(name.rsplit_once(SEPARATOR)?.1));
            let name = by_job.or_else(|| self.keys.last_part("history", &kv.key));
            let Some(name) = name.filter(|name| seen.insert(name.to_owned())) else { continue };
            names.push(name.to_owned());
            indexed.push(by_job.map(|_| kv));
        }
        let entries = self.read_keys(KvNamespace::History, &names).await?;
        let stale = names.iter().zip(&indexed).zip(&entries).filter_map(|((name, kv), entry)| {
            let (kv, None) = ((*kv)?, entry) else { return None };
            let (key, revision) = (kv.key.clone(), kv.mod_revision);
            let job = self.keys.entry(KvNamespace::History, name);
            Some(StaleKey { key, revision, job, job_revision: 0 })
        });
        let stale: Vec<_> = stale.collect();
        if !stale.is_empty() && self.delete_stale(&stale).await? {
            return Ok(None);
        }
        let entries = entries.into_iter().flatten().collect();
        Ok(Some(HistoryQueryResult { entries, is_complete }))
    }
}
