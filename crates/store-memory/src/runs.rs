//! The runs in flight, and the nodes that they belong to.

use std::collections::{BTreeMap, HashMap};

use punctual_core::{Fence, InFlightRun, NodeId, RunId, Timestamp};

use crate::jobs::Slot;

#[derive(Default)]
pub(crate) struct Runs {
    runs: BTreeMap<(Slot, RunId), InFlightRun>,
    /// Until when each node is alive.
    nodes: HashMap<NodeId, Timestamp>,
}

impl Runs {
    /// Records a run; whether it was not recorded yet.
    pub(crate) fn record(&mut self, job: Slot, run: InFlightRun) -> bool {
        let before = self.runs.len();
        self.runs.entry((job, run.run_id)).or_insert(run);
        self.runs.len() > before
    }

    /// Forgets a run if it still has this fence; whether it had.
    pub(crate) fn clear(&mut self, job: Slot, run_id: RunId, fence: Fence) -> bool {
        let key = (job, run_id);
        let ours = self.runs.get(&key).is_some_and(|run| run.fence == fence);
        ours && self.runs.remove(&key).is_some()
    }

    pub(crate) fn of(&self, job: Slot) -> impl Iterator<Item = &InFlightRun> {
        let first = (job, RunId::from_u128(0));
        let last = (job, RunId::from_u128(u128::MAX));
        self.runs.range(first..=last).map(|(_, run)| run)
    }

    pub(crate) fn remove_job(&mut self, job: Slot) {
        let ids: Vec<RunId> = self.of(job).map(|run| run.run_id).collect();
        for id in ids {
            self.runs.remove(&(job, id));
        }
    }

    pub(crate) fn remove_all(&mut self) {
        self.runs.clear();
    }

    /// Whether the node's lease had lapsed before.
    pub(crate) fn renew(&mut self, node: &NodeId, now: Timestamp, until: Timestamp) -> bool {
        let before = self.nodes.insert(node.clone(), until);
        before.is_some_and(|end| end <= now)
    }

    pub(crate) fn of_the_dead(&self, now: Timestamp) -> impl Iterator<Item = (Slot, &InFlightRun)> {
        let runs = self.runs.iter().map(|(&(job, _), run)| (job, run));
        runs.filter(move |(_, run)| is_dead(&self.nodes, &run.node, now))
    }

    /// Gives the runs of dead nodes to `heir`, as far as `wanted` says and at most `limit`.
    pub(crate) fn take_over(
        &mut self,
        heir: &NodeId,
        now: Timestamp,
        limit: usize,
        wanted: impl Fn(Slot) -> bool,
    ) -> Vec<(Slot, InFlightRun)> {
        let mut taken = Vec::new();
        let mut buried = Vec::new();
        let nodes = &self.nodes;
        let dead = |((job, _), run): &(&(Slot, RunId), &mut InFlightRun)| {
            is_dead(nodes, &run.node, now) && wanted(*job)
        };
        for (&(job, _), run) in self.runs.iter_mut().filter(dead).take(limit) {
            buried.push(std::mem::replace(&mut run.node, heir.clone()));
            run.fence = run.fence.next();
            run.attempt = run.attempt.saturating_add(1);
            taken.push((job, run.clone()));
        }
        // A renewal that is on its way since before their end comes too late.
        for node in buried {
            self.nodes.entry(node).and_modify(|end| *end = Timestamp::MIN);
        }
        taken
    }
}

fn is_dead(nodes: &HashMap<NodeId, Timestamp>, node: &NodeId, now: Timestamp) -> bool {
    nodes.get(node).is_none_or(|&end| end <= now)
}
