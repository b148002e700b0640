//! From a resolved job to a run in its executor.

use std::sync::Arc;

use punctual_core::{
    Event, EventMask, Fence, InFlightRun, JobContext, JobContextParts, JobRecord, Lease, NodeId,
    Refused, Run, RunEvent, RunId, RunOutcome, RunParts, Timestamp, error_chain,
};

use super::Runs;
use super::active::ActiveRun;
use super::resolve::Resolved;
use crate::store::Slot;

/// A run to submit.
pub(crate) struct NewRun {
    pub run_id: RunId,
    pub scheduled_time: Timestamp,
    pub attempt: u32,
    /// The fence of its record; none when it is not recorded.
    pub recorded: Option<Fence>,
    /// Until when it may begin.
    pub deadline: Option<Timestamp>,
}

impl Runs {
    pub(crate) fn new_run_id(&self) -> RunId {
        let mut next = self.next_run_id.lock();
        *next = next.next();
        *next
    }

    pub(crate) fn context(&self, slot: &Slot, record: &JobRecord, run: &NewRun) -> JobContext {
        let (id, alias) = (record.id.clone(), slot.alias.clone());
        let parts = JobContextParts::new(id, alias, run.run_id, run.scheduled_time)
            .with_attempt(run.attempt)
            .with_state(self.shared.state.clone());
        JobContext::new(parts)
    }

    /// Counts a run as under way and hands it to its executor, unless it is one too many of those that are counted
    /// here alone; returns whether it did. Those that are recorded are counted in the store.
    pub(crate) fn submit(
        &self,
        slot: &Arc<Slot>,
        record: &JobRecord,
        resolved: &Resolved,
        run: NewRun,
    ) -> bool {
        let max = match run.recorded {
            Some(_) => u32::MAX,
            None => resolved.decoded.definition.options.max_instances,
        };
        let active = self.active_run(slot, record, &run);
        let context = active.context.clone();
        let counts = self.active.lock().try_insert(active, max);
        if counts {
            let lease = slot.lease.lock().clone();
            self.hand_over(slot, context, resolved, record, &run, lease);
        }
        counts
    }

    /// Counts a run as under way, if its job has fewer than `max`; whether it had.
    pub(crate) fn try_count(
        &self,
        slot: &Arc<Slot>,
        record: &JobRecord,
        run: &NewRun,
        max: u32,
    ) -> bool {
        let active = self.active_run(slot, record, run);
        self.active.lock().try_insert(active, max)
    }

    /// The run as it counts among those under way.
    fn active_run(&self, slot: &Arc<Slot>, record: &JobRecord, run: &NewRun) -> ActiveRun {
        ActiveRun {
            slot: Arc::clone(slot),
            task: record.task.clone(),
            context: self.context(slot, record, run),
            recorded: run.recorded,
            attempt: run.attempt,
        }
    }

    /// Hands a run to its executor that counts as under way already. A recorded one begins while the lease lasts that
    /// was there when it was recorded.
    pub(crate) fn hand_over(
        &self,
        slot: &Slot,
        context: JobContext,
        resolved: &Resolved,
        record: &JobRecord,
        run: &NewRun,
        lease: Lease,
    ) {
        // Told before, so that no end of the run can be told earlier.
        if self.shared.bus.wants(EventMask::JOB_SUBMITTED) {
            self.shared.bus.emit(Event::JobSubmitted(RunEvent::of(&context)));
        }
        let args = resolved.decoded.definition.args.clone();
        let (task, body) = (record.task.clone(), Arc::clone(&resolved.task));
        let (clock, sink) = (Arc::clone(&slot.clock) as _, Arc::clone(&self.reports) as _);
        let parts = RunParts::new(context, task, body, args, clock, sink);
        let mut ready = Run::new(parts.with_deadline(run.deadline));
        if run.recorded.is_some() && slot.caps.persistent {
            ready = ready.with_lease(lease);
        }
        if let Err(Refused { run, reason, .. }) = resolved.executor.submit(ready) {
            // Comes back as a report, like the end of any other run.
            run.finish(RunOutcome::Refused(error_chain(&reason).to_string()));
        }
    }
}

impl NewRun {
    /// What the store keeps of the run.
    pub(crate) fn record(&self, node: &NodeId) -> InFlightRun {
        InFlightRun {
            run_id: self.run_id,
            scheduled_time: self.scheduled_time,
            attempt: self.attempt,
            node: node.clone(),
            fence: self.recorded.unwrap_or_default(),
        }
    }
}
