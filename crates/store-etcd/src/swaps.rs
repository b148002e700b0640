//! Compare-and-swap of entries: one transaction for each, many of them in one request.

use std::collections::BTreeSet;

use futures_util::stream::{self, StreamExt};
use punctual_core::{BatchLimit, StoreError};
use punctual_store_kit::kv::{IndexedJob, KvEntry, KvNamespace, KvValue};
use punctual_store_kit::parts;

use crate::client::CONCURRENT;
use crate::error::{RequestError, unexpected};
use crate::etcd::Etcd;
use crate::history_keys::index_name;
use crate::layout::{JobIndex, Keys, Swap, Version};
use crate::messages::{Compare, DeleteRangeRequest, PutRequest, Request, RequestOp, TxnRequest};

/// The limit of one request. etcd accepts 1.5 MiB, and 128 operations: a transaction with 61 of them may contain transactions
/// with 67 each.
const LIMIT: BatchLimit = BatchLimit { count: 60, bytes: 1 << 20 };

/// The largest number of operations for one entry.
const MAX_OPS: usize = 60;

/// How often a request is sent for which tasks have to be added.
const MAX_ATTEMPTS: u32 = 3;

/// The change of one entry.
#[derive(Debug)]
struct Change {
    txn: TxnRequest,
    /// The key of the task, if it may not exist.
    new_task: Option<Vec<u8>>,
    is_told: bool,
    /// Whether it does not only delete.
    writes: bool,
    /// About the number of bytes.
    size: usize,
    /// That of the new state.
    index: JobIndex,
}

impl Change {
    fn new(keys: &Keys, swap: &Swap) -> Self {
        let Swap { namespace, storage_key: id, expected, new, job, .. } = swap;
        let before = expected.as_ref().map(|expected| &expected.version);
        let index =
            job.as_ref().map(|job| JobIndex::of(id, IndexedJob::of(job))).unwrap_or_default();
        let mut ops = vec![match new {
            Some(new) => put(keys.entry(*namespace, id), new.header.clone()),
            None => delete(keys.entry(*namespace, id)),
        }];
        if *namespace == KvNamespace::History {
            let names = |value: &KvValue| index_name(id, &value.header);
            let added = new.as_ref().and_then(names);
            let removed = expected.as_ref().and_then(|expected| names(&expected.value));
            ops.extend(
                removed
                    .filter(|name| Some(name) != added.as_ref())
                    .map(|name| delete(keys.key(&name))),
            );
            ops.extend(added.map(|name| put(keys.key(&name), Vec::new())));
        }
        let (mut new_task, mut is_told) = (None, false);
        if *namespace == KvNamespace::Job {
            let body = new.as_ref().map(|new| &new.body);
            let body_before = expected.as_ref().map(|expected| &expected.value.body);
            let has_body_changed = body != body_before;
            match body {
                None => ops.push(delete(keys.definition(id))),
                Some(body) if has_body_changed => {
                    ops.push(put(keys.definition(id), body.as_bytes().to_vec()));
                }
                Some(_) => {}
            }
            let names_before =
                before.map(|before| before.index.names.as_slice()).unwrap_or_default();
            let added = index.names.iter().filter(|name| !names_before.contains(name));
            let size = body.map_or(0, |body| body.as_bytes().len()).to_string();
            ops.extend(added.map(|name| put(keys.key(name), size.clone().into_bytes())));
            let removed = names_before.iter().filter(|name| !index.names.contains(name));
            ops.extend(removed.map(|name| delete(keys.key(name))));
            // Only the deletion of keys of many owners can exceed the limit. Searches delete the others.
            ops.truncate(MAX_OPS);
            let job_before = before.map(|before| &before.index.job);
            if index.job.task.as_ref() != job_before.and_then(|job| job.task.as_ref()) {
                new_task = index.job.task.as_ref().map(|task| keys.task(task));
            }
            is_told = new.is_some() && index.job.is_told_after(job_before);
        }
        let revision = before.map_or(0, |before| before.revision);
        let compare = vec![Compare::is_at(keys.entry(*namespace, id), revision)];
        let size = 100 + ops.iter().map(size).sum::<usize>();
        let txn = TxnRequest { compare, success: ops, failure: Vec::new() };
        Self { txn, new_task, is_told, writes: new.is_some(), size, index }
    }
}

impl Etcd {
    /// Executes each change on its condition, and returns which have succeeded.
    pub(crate) async fn swap_all(&self, swaps: Vec<Swap>) -> Result<Vec<bool>, StoreError> {
        let changes: Vec<_> = swaps.iter().map(|swap| Change::new(&self.keys, swap)).collect();
        let requests = parts(&changes, LIMIT, |change| change.size).map(|part| self.execute(part));
        // All requests are sent, also if one fails: others have been sent at the same time.
        let results: Vec<_> =
            stream::iter(requests.collect::<Vec<_>>()).buffered(CONCURRENT).collect().await;
        let done = results.into_iter().collect::<Result<Vec<_>, _>>()?.concat();
        for ((swap, change), revision) in swaps.into_iter().zip(changes).zip(&done) {
            let (Some(revision), KvNamespace::Job, Some(value)) =
                (revision, swap.namespace, swap.new)
            else {
                continue;
            };
            let version = Version { revision: *revision, index: change.index };
            self.recent.remember(KvEntry { storage_key: swap.storage_key, version, value });
        }
        Ok(done.into_iter().map(|revision| revision.is_some()).collect())
    }

    /// Executes changes by one request, and returns the new revision of those that have succeeded.
    async fn execute(&self, changes: &[Change]) -> Result<Vec<Option<i64>>, StoreError> {
        let tasks: BTreeSet<_> =
            changes.iter().filter_map(|change| change.new_task.clone()).collect();
        let mut ops: Vec<_> =
            changes.iter().map(|change| Request::Txn(change.txn.clone()).into()).collect();
        // The quota applies to writes of the outer transaction only: without any, the database would grow beyond its quota.
        if changes.iter().any(|change| change.is_told) {
            ops.push(put(self.keys.changed(), Vec::new()));
        } else if changes.iter().any(|change| change.writes) {
            ops.push(put(self.keys.written(), Vec::new()));
        }
        let txn = TxnRequest {
            // Nothing is executed without the keys of the tasks, by which all jobs are found.
            compare: tasks.iter().cloned().map(Compare::exists).collect(),
            success: ops,
            failure: Vec::new(),
        };
        for _ in 0..MAX_ATTEMPTS {
            let response = self.client.call(txn.clone()).await?;
            if !response.succeeded {
                let add = tasks.iter().map(|task| put(task.clone(), Vec::new())).collect();
                self.client.call(TxnRequest { success: add, ..TxnRequest::default() }).await?;
                continue;
            }
            let revision = response.header.ok_or_else(unexpected)?.revision;
            let mut results = response.responses.into_iter();
            let mut done = || Some(results.next()?.txn?.succeeded.then_some(revision));
            return changes.iter().map(|_| done().ok_or_else(unexpected)).collect();
        }
        Err(RequestError::unavailable("another program deletes the keys of the store").into())
    }
}

fn put(key: Vec<u8>, value: Vec<u8>) -> RequestOp {
    Request::Put(PutRequest { key, value }).into()
}

fn delete(key: Vec<u8>) -> RequestOp {
    Request::Delete(DeleteRangeRequest { key }).into()
}

fn size(op: &RequestOp) -> usize {
    16 + match &op.request {
        Some(Request::Put(PutRequest { key, value })) => key.len() + value.len(),
        Some(Request::Delete(DeleteRangeRequest { key })) => key.len(),
        _ => 0,
    }
}
