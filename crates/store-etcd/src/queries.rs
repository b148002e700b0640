//! Reading of entries, and searches for jobs.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use futures_util::stream::{self, StreamExt, TryStreamExt};
use punctual_core::{Encoded, JobCursor, StoreError, TaskFilter, Timestamp};
use punctual_store_kit::kv::{
    IndexedJob, JobQuery, JobQueryResult, KvEntry, KvNamespace, KvValue, ListPosition,
};
use punctual_store_kit::task_names;

use crate::client::CONCURRENT;
use crate::error::{RequestError, unexpected};
use crate::etcd::Etcd;
use crate::layout::{Entry, IndexKey, JobIndex, KeyRange, Version};
use crate::messages::{KeyValue, RangeRequest, RangeResponse, Request, TxnRequest};
use crate::stale::StaleKey;

/// The number of ranges in one request; etcd accepts 128.
const RANGES: usize = 120;

/// The number of keys in one response to a range that is read as a whole.
const PAGE: usize = 10_000;

/// The size of the jobs of a search after which no further one is read, and their number for a take-over.
const RESULT_BYTES: usize = 16 << 20;
const RESULT_JOBS: usize = 1_000;

/// How often a search is repeated that has found keys without jobs, or whose revision has been compacted.
pub(crate) const MAX_ATTEMPTS: u32 = 20;

/// What a search has found in the indexes.
struct Found {
    /// In order.
    keys: Vec<KeyValue>,
    is_complete: bool,
    /// That at which the jobs are read; 0 for the current one.
    revision: i64,
    /// Whether the definitions are needed.
    with_bodies: bool,
}

impl Etcd {
    /// Executes reads at one revision: the given one, or the current one if it is 0.
    pub(crate) async fn ranges(
        &self,
        ranges: Vec<RangeRequest>,
        mut revision: i64,
    ) -> Result<(Vec<RangeResponse>, i64), RequestError> {
        let mut results = Vec::with_capacity(ranges.len());
        for part in ranges.chunks(RANGES) {
            let read = |range: &RangeRequest| {
                Request::Range(RangeRequest { revision, ..range.clone() }).into()
            };
            let success = part.iter().map(read).collect();
            let response =
                self.client.call(TxnRequest { success, ..TxnRequest::default() }).await?;
            let found: Vec<_> =
                response.responses.into_iter().filter_map(|one| one.range).collect();
            let header = response.header.filter(|_| found.len() == part.len());
            let header =
                header.ok_or_else(|| RequestError::unavailable("an unexpected response"))?;
            if revision == 0 {
                revision = header.revision;
            }
            results.extend(found);
        }
        Ok((results, revision))
    }

    /// Reads ranges as a whole, in several steps if they are large.
    async fn read_whole(
        &self,
        mut ranges: Vec<RangeRequest>,
    ) -> Result<Vec<KeyValue>, RequestError> {
        let mut found = Vec::new();
        while !ranges.is_empty() {
            ranges.iter_mut().for_each(|range| range.limit = limit(PAGE));
            let (results, _) = self.ranges(ranges.clone(), 0).await?;
            let mut rest = Vec::new();
            for (mut range, result) in ranges.into_iter().zip(results) {
                if let (true, Some(last)) = (result.more, result.kvs.last()) {
                    range.key = [&last.key[..], b"\0"].concat();
                    rest.push(range);
                }
                found.extend(result.kvs);
            }
            ranges = rest;
        }
        Ok(found)
    }

    /// All entries of a namespace.
    pub(crate) async fn list_all(&self, namespace: KvNamespace) -> Result<Vec<Entry>, StoreError> {
        let (key, range_end) = self.keys.below(namespace.as_str());
        let keys_only = namespace == KvNamespace::Job;
        let range = RangeRequest { key, range_end, keys_only, ..RangeRequest::default() };
        let found = self.read_whole(vec![range]).await?;
        let names = found.iter().filter_map(|kv| self.keys.last_part(namespace.as_str(), &kv.key));
        if keys_only {
            let ids: Vec<_> = names.map(str::to_owned).collect();
            return Ok(self.read_jobs(&ids, 0, true).await?.into_iter().flatten().collect());
        }
        let entries = found.iter().filter_map(|kv| {
            let name = self.keys.last_part(namespace.as_str(), &kv.key)?;
            Some(entry(namespace, name, kv, &[]))
        });
        Ok(entries.collect())
    }

    /// Reads entries, in the order given.
    pub(crate) async fn read_keys(
        &self,
        namespace: KvNamespace,
        keys: &[String],
    ) -> Result<Vec<Option<Entry>>, StoreError> {
        if namespace == KvNamespace::Job {
            return Ok(self.read_jobs(keys, 0, true).await?);
        }
        let range = |key: &String| one(self.keys.entry(namespace, key));
        let (found, _) = self.ranges(keys.iter().map(range).collect(), 0).await?;
        let read = |(key, found): (&String, &RangeResponse)| {
            Some(entry(namespace, key, found.kvs.first()?, &[]))
        };
        Ok(keys.iter().zip(&found).map(read).collect())
    }

    /// Reads jobs, in the order given: each with its definition as of the same revision.
    async fn read_jobs(
        &self,
        ids: &[String],
        revision: i64,
        with_bodies: bool,
    ) -> Result<Vec<Option<Entry>>, RequestError> {
        let per_job = if with_bodies { 2 } else { 1 };
        let read = async |ids: &[String]| {
            let mut ranges = Vec::with_capacity(ids.len() * per_job);
            for id in ids {
                ranges.push(one(self.keys.entry(KvNamespace::Job, id)));
                if with_bodies {
                    ranges.push(one(self.keys.definition(id)));
                }
            }
            let (found, _) = self.ranges(ranges, revision).await?;
            let job = |(id, found): (&String, &[RangeResponse])| {
                let body = found.get(1).and_then(|found| found.kvs.first());
                let body = body.map(|body| body.value.as_slice()).unwrap_or_default();
                Some(entry(KvNamespace::Job, id, found[0].kvs.first()?, body))
            };
            Ok(ids.iter().zip(found.chunks(per_job)).map(job).collect::<Vec<_>>())
        };
        let parts: Vec<_> = ids.chunks(RANGES / per_job).map(read).collect();
        stream::iter(parts).buffered(CONCURRENT).try_concat().await
    }

    pub(crate) async fn find_jobs(
        &self,
        queries: &[JobQuery<'_>],
    ) -> Result<JobQueryResult<Version>, StoreError> {
        let mut by_id = BTreeMap::new();
        let mut is_complete = true;
        for query in queries {
            let result = self.find(query).await?;
            is_complete &= result.is_complete;
            for entry in result.entries {
                // One without its definition doesn't replace one with it.
                let body = entry.value.body.as_bytes().len();
                let old = by_id.get(&entry.storage_key);
                if old.is_none_or(|old: &Entry| old.value.body.as_bytes().len() <= body) {
                    by_id.insert(entry.storage_key.clone(), entry);
                }
            }
        }
        Ok(JobQueryResult { entries: by_id.into_values().collect(), is_complete })
    }

    async fn find(&self, query: &JobQuery<'_>) -> Result<JobQueryResult<Version>, StoreError> {
        for _ in 0..MAX_ATTEMPTS {
            let found = match query {
                JobQuery::Due { now, filter, limit } => {
                    self.find_due(Some(*now), filter, *limit).await?
                }
                JobQuery::Next { filter, limit } => self.find_due(None, filter, *limit).await?,
                JobQuery::Orphans { live_nodes, filter } => {
                    let nodes: BTreeSet<_> = live_nodes.iter().map(|node| node.as_str()).collect();
                    let gaps = self.keys.owned_by_others(live_nodes.iter());
                    self.find_orphans(&nodes, gaps, filter).await?
                }
                _ => {
                    let entries = self.list_all(KvNamespace::Job).await?;
                    return Ok(JobQueryResult { entries, is_complete: true });
                }
            };
            match self.jobs_of(found).await {
                Ok(Some(result)) => return Ok(result),
                Ok(None) => {}
                Err(error) if error.is_compacted() => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(RequestError::unavailable("the indexes of the jobs change too fast").into())
    }

    /// Reads the jobs of a search. `None` if keys had no job: they have been deleted, and the search must be repeated, because
    /// they may have taken the place of others.
    async fn jobs_of(&self, found: Found) -> Result<Option<JobQueryResult<Version>>, RequestError> {
        let Found { keys, is_complete, revision, with_bodies } = found;
        let id = |kv: &KeyValue| Some(IndexKey::parse(self.keys.name(&kv.key)?)?.id.to_owned());
        let named: Vec<_> = keys.iter().filter_map(|kv| Some((id(kv)?, kv))).collect();
        let ids: BTreeSet<_> = named.iter().map(|(id, _)| id.clone()).collect();
        let ids: Vec<_> = ids.into_iter().collect();
        let jobs = self.read_jobs(&ids, revision, with_bodies).await?;
        let by_id: HashMap<_, _> = ids.iter().zip(&jobs).collect();
        let stale = named.iter().filter_map(|(id, kv)| {
            let name = self.keys.name(&kv.key)?;
            let job = by_id.get(id)?.as_ref();
            let is_stale = |job: &Entry| {
                let index = &job.version.index;
                index.job.is_exact && !index.names.iter().any(|own| own == name)
            };
            job.is_none_or(is_stale).then(|| StaleKey {
                key: kv.key.clone(),
                revision: kv.mod_revision,
                job: self.keys.entry(KvNamespace::Job, id),
                job_revision: job.map_or(0, |job| job.version.revision),
            })
        });
        let stale: Vec<_> = stale.collect();
        // If the jobs were read later than the keys, others may have changed them.
        if !stale.is_empty() && self.delete_stale(&stale).await? {
            return Ok(None);
        }
        Ok(Some(JobQueryResult { entries: jobs.into_iter().flatten().collect(), is_complete }))
    }

    /// The tasks that match the filter.
    async fn tasks(&self, filter: &TaskFilter) -> Result<Vec<String>, RequestError> {
        if let Some(names) = task_names(filter) {
            return Ok(names.into_iter().map(str::to_owned).collect());
        }
        let (key, range_end) = self.keys.below("tasks");
        let range = RangeRequest { key, range_end, keys_only: true, ..RangeRequest::default() };
        let found = self.read_whole(vec![range]).await?;
        let task = |kv: &KeyValue| self.keys.last_part("tasks", &kv.key).map(str::to_owned);
        Ok(found.iter().filter_map(task).collect())
    }

    /// The jobs that can be claimed at an instant, those that have been due for the longest time first; or the jobs that can be
    /// claimed next.
    async fn find_due(
        &self,
        now: Option<Timestamp>,
        filter: &TaskFilter,
        count: usize,
    ) -> Result<Found, RequestError> {
        let tasks = self.tasks(filter).await?;
        let range = |keys, count| RangeRequest { limit: limit(count), ..range(keys) };
        // Claims that have ended are sorted by their ends, not by the times since which their jobs are due.
        let claims = if now.is_some() { count.max(PAGE) } else { count };
        let ranges = tasks.iter().flat_map(|task| {
            [range(self.keys.due(task, now), count), range(self.keys.claimed(task, now), claims)]
        });
        let (results, revision) = self.ranges(ranges.collect(), 0).await?;
        let mut is_complete = !results.iter().any(|result| result.more);
        let mut keys: Vec<_> = results.into_iter().flat_map(|result| result.kvs).collect();
        let order = |kv: &KeyValue| {
            let key = IndexKey::parse(self.keys.name(&kv.key)?)?;
            Some(if now.is_some() { key.due.to_owned() } else { key.at.to_owned() })
        };
        keys.sort_by_cached_key(order);
        is_complete &= keys.len() <= count;
        keys.truncate(count);
        let with_bodies = now.is_some();
        if with_bodies {
            is_complete &= keys_within(&mut keys, RESULT_BYTES);
        }
        // Those that are due may be read later, because they are checked when they are claimed. The one that is next must have
        // been next at one moment.
        let revision = if with_bodies { 0 } else { revision };
        Ok(Found { keys, is_complete, revision, with_bodies })
    }

    /// The jobs with claims or runs of nodes that are not among these. Runs are found by their nodes, and claims, of which
    /// there are few at a time, by their tasks.
    async fn find_orphans(
        &self,
        live_nodes: &BTreeSet<&str>,
        gaps: Vec<KeyRange>,
        filter: &TaskFilter,
    ) -> Result<Found, RequestError> {
        let tasks = self.tasks(filter).await?;
        let claims = tasks.iter().map(|task| self.keys.claimed(task, None));
        let mut keys = self.read_whole(gaps.into_iter().chain(claims).map(range).collect()).await?;
        let tasks: BTreeSet<_> = tasks.iter().map(String::as_str).collect();
        keys.retain(|kv| {
            let key = self.keys.name(&kv.key).and_then(IndexKey::parse);
            key.is_some_and(|key| {
                tasks.contains(key.task) && key.node.is_some_and(|node| !live_nodes.contains(node))
            })
        });
        let is_complete = keys.len() <= RESULT_JOBS;
        keys.truncate(RESULT_JOBS);
        let is_complete = keys_within(&mut keys, RESULT_BYTES) && is_complete;
        Ok(Found { keys, is_complete, revision: 0, with_bodies: true })
    }

    /// Reads a page of the list. There is no index for it: the headers of all jobs are read.
    pub(crate) async fn find_page(
        &self,
        after: Option<&JobCursor>,
        count: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        for _ in 0..MAX_ATTEMPTS {
            match self.read_page(after, count).await {
                Err(error) if error.is_compacted() => {}
                result => return Ok(result?),
            }
        }
        Err(unexpected())
    }

    async fn read_page(
        &self,
        after: Option<&JobCursor>,
        count: usize,
    ) -> Result<Vec<Entry>, RequestError> {
        let last = after.map(ListPosition::of);
        let (mut page, mut corrupt) = (Vec::new(), Vec::new());
        let mut revision = 0;
        let mut range = range(self.keys.below(KvNamespace::Job.as_str()));
        range.limit = limit(PAGE);
        loop {
            let (mut results, at) = self.ranges(vec![range.clone()], revision).await?;
            revision = at;
            let Some(result) = results.pop() else { break };
            for kv in &result.kvs {
                let Some(id) = self.keys.last_part(KvNamespace::Job.as_str(), &kv.key) else {
                    continue;
                };
                match ListPosition::read(id, &kv.value) {
                    // Their positions are unknown: they are on the first page.
                    None if last.is_none() => corrupt.push(id.to_owned()),
                    Some(position) if Some(&position) > last.as_ref() => page.push(position),
                    _ => {}
                }
            }
            page.sort_unstable();
            page.truncate(count);
            match result.kvs.last() {
                Some(last) if result.more => range.key = [&last.key[..], b"\0"].concat(),
                _ => break,
            }
        }
        let ids: Vec<_> =
            corrupt.into_iter().chain(page.into_iter().map(ListPosition::into_id)).collect();
        Ok(self.read_jobs(&ids, revision, true).await?.into_iter().flatten().collect())
    }
}

/// Shortens a list of keys so that the definitions of their jobs don't exceed a size, and returns whether it is complete.
fn keys_within(keys: &mut Vec<KeyValue>, limit: usize) -> bool {
    let mut bytes = 0;
    let fits = |kv: &&KeyValue| {
        let is_first = bytes == 0;
        let size = std::str::from_utf8(&kv.value).ok().and_then(|size| size.parse().ok());
        bytes += 1_000 + size.unwrap_or(0);
        is_first || bytes <= limit
    };
    let count = keys.iter().take_while(fits).count();
    let is_complete = count == keys.len();
    keys.truncate(count);
    is_complete
}

fn entry(namespace: KvNamespace, key: &str, kv: &KeyValue, body: &[u8]) -> Entry {
    let index = match namespace {
        KvNamespace::Job => JobIndex::of(key, IndexedJob::read(&kv.value)),
        _ => JobIndex::default(),
    };
    KvEntry {
        storage_key: key.to_owned(),
        version: Version { revision: kv.mod_revision, index },
        value: KvValue { header: kv.value.clone(), body: Encoded::from(body) },
    }
}

fn one(key: Vec<u8>) -> RangeRequest {
    RangeRequest { key, ..RangeRequest::default() }
}

fn range((key, range_end): KeyRange) -> RangeRequest {
    RangeRequest { key, range_end, ..RangeRequest::default() }
}

pub(crate) fn limit(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX).max(1)
}
