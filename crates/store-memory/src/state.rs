//! The state that the lock protects: jobs, nodes, finished runs, and metadata.

use std::collections::{BTreeMap, HashMap};

use punctual_core::{
    InFlightRun, JobId, Metadata, NodeId, NodeLease, Renewal, StoredJob, TakeOver, TakeOverFrom,
    TaskFilter, Timestamp,
};

use crate::history::History;
use crate::jobs::Jobs;

#[derive(Default)]
pub(crate) struct State {
    pub(crate) jobs: Jobs,
    pub(crate) history: History,
    nodes: HashMap<NodeId, NodeLease>,
    metadata: BTreeMap<String, String>,
}

impl State {
    /// Removes jobs and returns them, so that the caller can drop them after releasing the lock.
    pub(crate) fn remove(&mut self, ids: &[JobId]) -> Vec<Option<StoredJob>> {
        ids.iter().map(|id| self.jobs.remove(id)).collect()
    }

    pub(crate) fn renew(
        &mut self,
        node: &NodeId,
        now: Timestamp,
        until: Timestamp,
        filter: &TaskFilter,
    ) -> Renewal {
        let before = self.nodes.insert(node.clone(), NodeLease { until });
        let is_dead = |other: &NodeId| {
            other != node && NodeLease::is_dead(self.nodes.get(other).copied(), now)
        };
        let expired = NodeLease::has_expired(before, now);
        let orphans = self.jobs.has_orphans(filter, is_dead);
        Renewal::new(expired, self.jobs.next_wakeup(filter), orphans)
    }

    pub(crate) fn take_over(
        &mut self,
        new_owner: &NodeId,
        from: &TakeOverFrom,
        now: Timestamp,
        limit: usize,
        filter: &TaskFilter,
    ) -> TakeOver {
        if !from.is_current(self.nodes.get(new_owner).copied()) {
            let mut nothing = TakeOver::default();
            nothing.has_more = true;
            return nothing;
        }
        let mut owners = Vec::new();
        let nodes = &self.nodes;
        let is_owner =
            |node: &NodeId| from.includes(node, nodes.get(node).copied(), new_owner, now);
        let is_known = |run: &InFlightRun| from.is_known(run);
        let taken = self.jobs.take_over(new_owner, limit, filter, is_owner, is_known, &mut owners);
        if *from == TakeOverFrom::ExpiredNodes {
            for node in owners {
                self.nodes.entry(node).and_modify(|lease| *lease = NodeLease::REVOKED);
            }
        }
        taken
    }

    pub(crate) fn metadata(&self) -> Metadata {
        let values = self.metadata.iter().map(|(key, value)| (key.clone(), value.clone()));
        Metadata::new(values.collect())
    }

    pub(crate) fn set_metadata(&mut self, key: &str, value: &str) {
        self.metadata.insert(key.to_owned(), value.to_owned());
    }
}
