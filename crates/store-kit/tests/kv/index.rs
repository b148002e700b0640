//! An in-memory index of jobs.

use std::collections::{BTreeMap, BTreeSet};

use punctual_core::{NodeId, StoredJob, TaskFilter, TaskName, Timestamp};
use punctual_store_kit::kv::JobQuery;

/// The index entries by storage key.
#[derive(Debug, Default)]
pub(crate) struct Index(BTreeMap<String, Entry>);

#[derive(Debug)]
pub(crate) struct Entry {
    task: TaskName,
    due_at: Option<Timestamp>,
    claimable_at: Option<Timestamp>,
    owners: BTreeSet<NodeId>,
}

impl Entry {
    pub(crate) fn of(job: &StoredJob) -> Self {
        let claim = job.claim.iter().map(|claim| &claim.node);
        let owners = claim.chain(job.runs.iter().map(|run| &run.node));
        Self {
            task: job.record.task.clone(),
            due_at: job.record.schedule.map(|schedule| schedule.due_at),
            claimable_at: job.claimable_at(),
            owners: owners.cloned().collect(),
        }
    }
}

impl Index {
    pub(crate) fn insert(&mut self, key: String, entry: Entry) -> Option<Entry> {
        self.0.insert(key, entry)
    }

    pub(crate) fn remove(&mut self, key: &str) -> Option<Entry> {
        self.0.remove(key)
    }

    /// Returns the matching keys and whether the result is complete. It contains no key that doesn't match.
    pub(crate) fn find(&self, queries: &[JobQuery<'_>]) -> (BTreeSet<String>, bool) {
        let (mut keys, mut is_complete) = (BTreeSet::new(), true);
        for query in queries {
            let (mut found, limit) = match *query {
                JobQuery::Due { now, filter, limit } => {
                    let at = |entry: &Entry| {
                        entry.claimable_at.filter(|at| *at <= now).and(entry.due_at)
                    };
                    (self.matching(filter, at), limit)
                }
                JobQuery::Next { filter, limit } => {
                    (self.matching(filter, |entry| entry.claimable_at), limit)
                }
                JobQuery::Orphans { live_nodes, filter } => {
                    let has = |entry: &Entry| !entry.owners.is_subset(live_nodes);
                    let orphan = |entry: &Entry| has(entry).then_some(Timestamp::MIN);
                    (self.matching(filter, orphan), usize::MAX)
                }
                other => panic!("{other:?}"),
            };
            is_complete &= found.len() <= limit;
            found.truncate(limit);
            keys.extend(found.into_iter().map(|(_, key)| key.clone()));
        }
        (keys, is_complete)
    }

    fn matching(
        &self,
        filter: &TaskFilter,
        at: impl Fn(&Entry) -> Option<Timestamp>,
    ) -> Vec<(Timestamp, &String)> {
        let passing = self.0.iter().filter(|(_, entry)| filter.matches(&entry.task));
        let mut found: Vec<_> =
            passing.filter_map(|(key, entry)| Some((at(entry)?, key))).collect();
        found.sort_unstable();
        found
    }
}
