//! Conversion of operations to the types of the contract.

use punctual_core::{
    Fence, HistoryRecord, InFlightRun, NewRecord, OutcomeKind, RunId, Schedule, StoredDefinition,
    TaskFilter, Timestamp,
};

use super::ops::{HistorySpec, JobSpec, Offset, RunSpec, ScheduleSpec, Tasks};
use crate::job_store::builders::{at, id, node, only, task};

impl Offset {
    pub(super) fn instant(self) -> Timestamp {
        at(self.0)
    }
}

impl ScheduleSpec {
    pub(super) fn schedule(self) -> Schedule {
        Schedule { next_run_time: at(self.next.0), due_at: at(self.next.0 + self.delay) }
    }
}

pub(super) fn filter(tasks: Tasks) -> TaskFilter {
    tasks.map_or(TaskFilter::Any, only)
}

pub(super) fn definition(number: u8) -> StoredDefinition {
    StoredDefinition::from(vec![number; usize::from(number)])
}

pub(super) fn run_id(number: u8) -> RunId {
    RunId::from_u128(number.into())
}

impl JobSpec {
    pub(super) fn record(&self) -> NewRecord {
        NewRecord {
            id: id(self.job),
            task: task(self.task),
            definition: definition(self.definition),
            schedule: self.schedule.map(ScheduleSpec::schedule),
        }
    }
}

impl RunSpec {
    pub(super) fn run(&self) -> InFlightRun {
        InFlightRun {
            run_id: run_id(self.run),
            scheduled_time: self.scheduled.instant(),
            attempt: 1,
            node: node(self.node),
            fence: Fence(self.fence),
        }
    }
}

impl HistorySpec {
    pub(super) fn entry(&self) -> HistoryRecord {
        HistoryRecord {
            run_id: run_id(self.run),
            attempt: self.attempt,
            job_id: id(self.job),
            task: task("x"),
            node: node("n"),
            scheduled_time: at(0),
            started: self.error.is_none().then(|| at(self.finished.0)),
            finished: at(self.finished.0),
            outcome: self.error.map_or(OutcomeKind::Success, |_| OutcomeKind::Failed),
            error: self.error.map(|number| format!("error {number}")),
        }
    }
}
