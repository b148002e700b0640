//! All that the lock protects: jobs, the runs that they have in flight, those that have ended, and notes.

use std::collections::BTreeMap;

use punctual_core::{InFlightRun, JobId, NodeId, OrphanedRun, Renewal, TaskFilter, Timestamp};

use crate::history::History;
use crate::jobs::{Jobs, Slot};
use crate::runs::Runs;

#[derive(Default)]
pub(crate) struct State {
    pub(crate) jobs: Jobs,
    pub(crate) runs: Runs,
    pub(crate) history: History,
    pub(crate) notes: BTreeMap<String, String>,
}

impl State {
    pub(crate) fn remove(&mut self, id: &JobId) -> bool {
        let Some(slot) = self.jobs.find(id) else {
            return false;
        };
        self.remove_at(slot);
        true
    }

    fn remove_at(&mut self, slot: Slot) {
        self.runs.remove_job(slot);
        self.jobs.remove(slot);
    }

    /// Takes all jobs out, for the caller to count and drop.
    pub(crate) fn remove_all(&mut self) -> Jobs {
        self.runs.remove_all();
        self.jobs.take_all()
    }

    pub(crate) fn in_flight(&self, id: &JobId) -> Vec<InFlightRun> {
        let slot = self.jobs.find(id);
        slot.map(|slot| self.runs.of(slot).cloned().collect()).unwrap_or_default()
    }

    pub(crate) fn renew(
        &mut self,
        node: &NodeId,
        now: Timestamp,
        until: Timestamp,
        filter: &TaskFilter,
    ) -> Renewal {
        let lapsed = self.runs.renew(node, now, until);
        let orphans = self.runs.of_the_dead(now).any(|(slot, run)| {
            run.node != *node && self.jobs.at(slot).is_some_and(|job| filter.passes(&job.task))
        });
        Renewal { lapsed, next_wakeup: self.jobs.next_wakeup(filter), orphans, time: None }
    }

    pub(crate) fn take_over(
        &mut self,
        heir: &NodeId,
        now: Timestamp,
        limit: usize,
        filter: &TaskFilter,
    ) -> Vec<OrphanedRun> {
        let jobs = &self.jobs;
        let wanted = |slot| jobs.at(slot).is_some_and(|record| filter.passes(&record.task));
        self.runs
            .take_over(heir, now, limit, wanted)
            .into_iter()
            .filter_map(|(slot, run)| Some(OrphanedRun { record: jobs.at(slot)?.clone(), run }))
            .collect()
    }
}
