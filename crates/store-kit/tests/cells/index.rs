//! An index of jobs, as a medium may have one.

use std::collections::{BTreeMap, BTreeSet};

use punctual_core::{NodeId, StoredJob, TaskFilter, TaskName, Timestamp};
use punctual_store_kit::cells::Wanted;

/// By the names of the cells.
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
    pub(crate) fn insert(&mut self, name: String, entry: Entry) -> Option<Entry> {
        self.0.insert(name, entry)
    }

    pub(crate) fn remove(&mut self, name: &str) -> Option<Entry> {
        self.0.remove(name)
    }

    /// The names, and whether these are all: not one too many.
    pub(crate) fn find(&self, wanted: &[Wanted<'_>]) -> (BTreeSet<String>, bool) {
        let (mut names, mut all) = (BTreeSet::new(), true);
        for wanted in wanted {
            let (mut found, limit) = match *wanted {
                Wanted::Due { now, filter, limit } => {
                    let at = |entry: &Entry| {
                        entry.claimable_at.filter(|at| *at <= now).and(entry.due_at)
                    };
                    (self.by(filter, at), limit)
                }
                Wanted::Next { filter, limit } => {
                    (self.by(filter, |entry| entry.claimable_at), limit)
                }
                Wanted::Orphans { living, filter } => {
                    let has = |entry: &Entry| !entry.owners.is_subset(living);
                    let orphan = |entry: &Entry| has(entry).then_some(Timestamp::MIN);
                    (self.by(filter, orphan), usize::MAX)
                }
                other => panic!("{other:?}"),
            };
            all &= found.len() <= limit;
            found.truncate(limit);
            names.extend(found.into_iter().map(|(_, name)| name.clone()));
        }
        (names, all)
    }

    fn by(
        &self,
        filter: &TaskFilter,
        at: impl Fn(&Entry) -> Option<Timestamp>,
    ) -> Vec<(Timestamp, &String)> {
        let passing = self.0.iter().filter(|(_, entry)| filter.passes(&entry.task));
        let mut found: Vec<_> =
            passing.filter_map(|(name, entry)| Some((at(entry)?, name))).collect();
        found.sort_unstable();
        found
    }
}
