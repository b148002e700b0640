//! Compare-and-swap of entries: many of them in one transaction.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::stream::{self, StreamExt};
use punctual_core::{BatchLimit, StoreError};
use punctual_store_kit::kv::{KvEntry, KvNamespace};
use punctual_store_kit::{invalid, parts};
use zookeeper_client::Error;

use crate::changes::{Change, Role};
use crate::client::{Op, Written};
use crate::entries::deleted;
use crate::error::RequestError;
use crate::layout::{CHANGED, Swap, parents};
use crate::zookeeper::ZooKeeper;

/// The limit of one transaction. ZooKeeper accepts requests of one byte less than 1 MiB, and stores transactions in another form, which
/// may be larger. If one entry has changed, the others of its transaction are delayed.
const LIMIT: BatchLimit = BatchLimit { count: 100, bytes: 1 << 19 };

/// The size of a change that is rejected, because the server would close the connection.
const MAX_CHANGE: usize = 1_000_000;

/// How many transactions of a call are sent without waiting for the responses.
const CONCURRENT: usize = 16;

/// How often a transaction is sent, in addition to once for each of its changes: because a node of an index was not as expected.
const MAX_ATTEMPTS: usize = 100;

/// The number of parents that are assumed to exist, after which all are forgotten.
const MAX_PARENTS: usize = 10_000;

impl ZooKeeper {
    /// Executes each change on its condition, and returns which have succeeded.
    pub(crate) async fn swap_all(&self, swaps: Vec<Swap>) -> Result<Vec<bool>, StoreError> {
        match swaps.first().map(|swap| swap.namespace) {
            Some(KvNamespace::Job | KvNamespace::History) => self.swap_together(swaps).await,
            _ => self.swap_others(&swaps).await,
        }
    }

    /// Executes changes one after the other: there are rarely several.
    async fn swap_others(&self, swaps: &[Swap]) -> Result<Vec<bool>, StoreError> {
        // The versions of the parents after the deletions of this call, by those with which it has begun.
        let mut deleted = BTreeMap::new();
        let mut done = Vec::with_capacity(swaps.len());
        for swap in swaps {
            let read = swap.expected.as_ref().map(|expected| expected.version.parent);
            let parent = read.map(|read| *deleted.get(&(swap.namespace, read)).unwrap_or(&read));
            let change = Change::of_other(&self.paths, swap, parent);
            check_size(&change)?;
            let is_done = self.execute(&[&change]).await?[0];
            if let (true, None, Some(read), Some(parent)) = (is_done, &swap.new, read, parent) {
                deleted.insert((swap.namespace, read), parent.wrapping_add(1));
            }
            done.push(is_done);
        }
        Ok(done)
    }

    async fn swap_together(&self, swaps: Vec<Swap>) -> Result<Vec<bool>, StoreError> {
        let change = |swap: &Swap| match swap.namespace {
            KvNamespace::Job => Change::of_job(&self.paths, swap),
            _ => Change::of_history(&self.paths, swap),
        };
        let changes: Vec<_> = swaps.iter().map(change).collect();
        for (swap, change) in swaps.iter().zip(&changes) {
            check_size(change)?;
            if let (Some(definition), Some(new)) = (&change.staged, &swap.new) {
                self.stage(definition, &new.body).await?;
            }
        }
        let all: Vec<_> = changes.iter().collect();
        let transactions = parts(&all, LIMIT, |change| change.size).map(|part| self.execute(part));
        // All transactions are sent, also if one fails: others have been sent at the same time.
        let transactions: Vec<_> = transactions.collect();
        let results: Vec<_> = stream::iter(transactions).buffered(CONCURRENT).collect().await;
        let done = results.into_iter().collect::<Result<Vec<_>, _>>()?.concat();
        for ((swap, change), is_done) in swaps.into_iter().zip(changes).zip(&done) {
            match (is_done, swap.new, change.staged) {
                (true, Some(value), _) if swap.namespace == KvNamespace::Job => {
                    if let Some(definition) = change.new.definition {
                        self.definitions.remember(definition, value.body.clone());
                    }
                    let storage_key = swap.storage_key;
                    self.recent.remember(KvEntry { storage_key, version: change.new, value });
                }
                (false, _, Some(definition)) => self.discard_staged(&definition).await?,
                _ => {}
            }
        }
        Ok(done)
    }

    /// Executes changes by one transaction, without those whose conditions do not hold. Returns which were executed.
    async fn execute(&self, changes: &[&Change]) -> Result<Vec<bool>, RequestError> {
        let mut changes: Vec<_> = changes.iter().map(|change| Some(*change)).collect();
        // The nodes of indexes that are not as expected: change and part.
        let mut skipped = BTreeSet::new();
        for _ in 0..MAX_ATTEMPTS + changes.len() {
            let (mut ops, mut positions) = (Vec::new(), Vec::new());
            for (index, change) in changes.iter().enumerate() {
                for (part, content) in
                    change.iter().flat_map(|change| change.parts.iter().enumerate())
                {
                    if !skipped.contains(&(index, part)) {
                        ops.push(content.op.clone());
                        positions.push((index, part));
                    }
                }
            }
            if ops.is_empty() {
                break;
            }
            if changes.iter().flatten().any(|change| change.is_told) {
                ops.push(Op::Set(self.paths.node(CHANGED), Vec::new(), None));
            }
            self.create_parents(&ops).await?;
            let (failed, error) = match self.client.write(ops).await? {
                Written::Done => return Ok(changes.iter().map(Option::is_some).collect()),
                Written::Failed(failed, error) => (failed, error),
            };
            let Some(&(index, part)) = positions.get(failed) else { return Err(deleted()) };
            let Some(change) = changes[index] else { return Err(deleted()) };
            match (change.parts[part].role, &change.parts[part].op, error) {
                // Its parent was empty and has been deleted.
                (Role::Index | Role::Entry | Role::Definition, Op::Create(..), Error::NoNode) => {
                    self.parents.lock().clear()
                }
                (Role::Definition, ..) => return Err(deleted()),
                (Role::Entry | Role::Guard, ..) => {
                    changes[index] = None;
                    self.drop_changed(&mut changes).await?;
                }
                (Role::Index, ..) => drop(skipped.insert((index, part))),
            }
        }
        match changes.iter().all(Option::is_none) {
            true => Ok(vec![false; changes.len()]),
            false => Err(RequestError::Unavailable("the nodes of the store change too fast")),
        }
    }

    /// Drops the changes whose entries have changed: otherwise each of them would take another attempt.
    async fn drop_changed(&self, changes: &mut [Option<&Change>]) -> Result<(), RequestError> {
        let (mut reads, mut expected) = (Vec::new(), Vec::new());
        for (index, change) in changes.iter().enumerate() {
            for part in change.iter().flat_map(|change| &change.parts) {
                let (path, version) = match (&part.op, part.role) {
                    (Op::Create(path, _), Role::Entry) => (path, None),
                    (
                        Op::Set(path, _, version)
                        | Op::Delete(path, version)
                        | Op::Check(path, version),
                        Role::Entry | Role::Guard,
                    ) => (path, Some(*version)),
                    _ => continue,
                };
                reads.push(crate::client::Read::Data(path.clone()));
                expected.push((index, version));
            }
        }
        let found = self.client.read(reads).await?;
        for ((index, expected), found) in expected.into_iter().zip(found) {
            let version = match found {
                crate::client::Found::Data(_, stat) => Some(stat.version),
                _ => None,
            };
            let is_expected = match expected {
                None => version.is_none(),
                Some(None) => version.is_some(),
                Some(expected) => version == expected,
            };
            if !is_expected {
                changes[index] = None;
            }
        }
        Ok(())
    }

    /// Creates the parents of new nodes that may not exist.
    pub(crate) async fn create_parents(&self, ops: &[Op]) -> Result<(), RequestError> {
        let base = self.paths.node("");
        let mut missing = BTreeMap::new();
        {
            let known = self.parents.lock();
            let names = ops.iter().filter_map(|op| match op {
                Op::Create(path, _) => path.strip_prefix(&base),
                _ => None,
            });
            for (name, is_container) in names.flat_map(parents) {
                if !known.contains(name) {
                    // Outer ones are sorted before those in them.
                    missing.insert(name.to_owned(), is_container);
                }
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let nodes =
            missing.iter().map(|(name, is_container)| (self.paths.node(name), *is_container));
        self.client.create(nodes.collect()).await?;
        let mut known = self.parents.lock();
        if known.len() + missing.len() > MAX_PARENTS {
            known.clear();
        }
        known.extend(missing.into_keys());
        Ok(())
    }
}

fn check_size(change: &Change) -> Result<(), StoreError> {
    match change.size > MAX_CHANGE {
        true => Err(invalid("a job or a value is too large for ZooKeeper, which accepts 1 MiB")),
        false => Ok(()),
    }
}
