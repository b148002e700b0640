//! Submitting runs to their executors.

use std::sync::Arc;
use std::time::Duration;

use punctual_core::{
    Event, EventMask, Fence, InFlightRun, JobContext, JobContextParts, JobDefinition, JobRecord,
    Lease, NodeId, Refused, Run, RunEvent, RunId, RunOutcome, RunParts, Timestamp, error_chain,
};

use super::RunTracker;
use super::active::{ActiveRun, RareParts};
use super::resolve::ResolvedJob;
use super::started::Waiter;
use crate::store::{RegisteredStore, RunGuard};

/// A run to submit.
pub(crate) struct NewRun {
    pub run_id: RunId,
    pub scheduled_time: Timestamp,
    pub attempt: u32,
    /// The fence of the run's record, or of the claim under which it starts. `None` if the run is not recorded.
    pub fence: Option<Fence>,
    /// Set if the run starts under a claim: it is not started after this time.
    pub start_limit: Option<Lease>,
    /// The latest time at which the run may start.
    pub deadline: Option<Timestamp>,
    /// The maximum duration of the run.
    pub timeout: Option<Duration>,
    /// The definition of the job, if failed runs are retried or if it is a retry.
    pub retry: Option<Arc<JobDefinition>>,
}

impl RunTracker {
    pub(crate) fn new_run_id(&self) -> RunId {
        let mut next = self.next_run_id.lock();
        *next = next.next();
        *next
    }

    pub(crate) fn context(
        &self,
        store: &RegisteredStore,
        record: &JobRecord,
        run: &NewRun,
    ) -> JobContext {
        let origin = run.retry.as_ref().and_then(|job| job.retry_of.as_deref());
        let id = origin.map_or(&record.id, |origin| &origin.job_id).clone();
        let alias = store.alias.clone();
        let parts = JobContextParts::new(id, alias, run.run_id, run.scheduled_time)
            .with_attempt(run.attempt)
            .with_timeout(run.timeout)
            .with_app_data(self.shared.app_data.clone());
        JobContext::new(parts)
    }

    /// Submits a run that starts under a claim. If an earlier claim of this process has started it and it is in progress,
    /// it is assigned to the new claim instead.
    pub(crate) fn submit_under_claim(
        &self,
        store: &Arc<RegisteredStore>,
        record: &JobRecord,
        resolved: &ResolvedJob,
        run: &NewRun,
    ) {
        let is_adopted = run.start_limit.as_ref().is_some_and(|limit| {
            self.active.lock().adopt(run.run_id, record.fence, limit, run.attempt)
        });
        if !is_adopted {
            // The first claim of a retry is not a repetition.
            if record.claims > 1 {
                let context = self.context(store, record, run);
                self.shared.bus.emit(Event::JobRecovered(RunEvent::of(&context)));
            }
            self.submit(store, record, resolved, run);
        }
    }

    /// Reserves an instance and submits the run to its executor. Returns false if `max_instances` is reached. Recorded
    /// runs are not checked here; the store counts them.
    pub(crate) fn submit(
        &self,
        store: &Arc<RegisteredStore>,
        record: &JobRecord,
        resolved: &ResolvedJob,
        run: &NewRun,
    ) -> bool {
        let max = match run.fence {
            Some(_) => u32::MAX,
            None => resolved.decoded.definition.options.max_instances,
        };
        let active = self.active_run(store, record, run);
        let context = active.context.clone();
        let is_retry = active.retry_id().is_some();
        let reserved = self.active.lock().try_insert(active, max);
        if reserved {
            if is_retry && !store.caps.persistent {
                // Until the end of the run: its record may be removed before.
                self.shared.hold_closure(&record.task);
            }
            let lease = store.lease.lock().clone();
            self.submit_reserved(store, context, resolved, record, run, lease);
        }
        reserved
    }

    /// Reserves one of the job's `max` instances for the run, whose outcome is delivered to `waiter`. Returns false if
    /// all are in use.
    pub(crate) fn try_reserve(
        &self,
        store: &Arc<RegisteredStore>,
        record: &JobRecord,
        run: &NewRun,
        max: u32,
        waiter: Waiter,
    ) -> bool {
        let mut active = self.active_run(store, record, run);
        active.rare_mut().waiter = Some(waiter);
        self.active.lock().try_insert(active, max)
    }

    /// The entry of the run among the runs in progress.
    fn active_run(
        &self,
        store: &Arc<RegisteredStore>,
        record: &JobRecord,
        run: &NewRun,
    ) -> ActiveRun {
        ActiveRun {
            store: Arc::clone(store),
            task: record.task.clone(),
            context: self.context(store, record, run),
            guard: match (run.fence, &run.start_limit) {
                (None, _) => RunGuard::None,
                (Some(fence), None) => RunGuard::Record(fence),
                (Some(fence), Some(limit)) => RunGuard::Claim(fence, limit.clone()),
            },
            attempt: run.attempt,
            has_no_deadline: run.deadline.is_none(),
            superseded: false,
            // That of a retry is needed, too: the run belongs to another job.
            rare: run.retry.clone().map(|definition| {
                let retry_id = record.id.is_of_retry().then(|| record.id.clone());
                Box::new(RareParts { retry: Some(definition), retry_id, ..RareParts::default() })
            }),
        }
    }

    /// Submits a reserved run to its executor. A run that is recorded, or starts under a claim, may start only during
    /// `lease`, which must be the lease held at that time.
    pub(crate) fn submit_reserved(
        &self,
        store: &RegisteredStore,
        context: JobContext,
        resolved: &ResolvedJob,
        record: &JobRecord,
        run: &NewRun,
        lease: Lease,
    ) {
        self.limit_submitted(&context);
        // Emitted before the run is submitted, so that it precedes the event for the end of the run.
        if self.shared.bus.is_wanted(EventMask::JOB_SUBMITTED) {
            self.shared.bus.emit(Event::JobSubmitted(RunEvent::of(&context)));
        }
        let args = resolved.decoded.definition.args.clone();
        let (task, body) = (record.task.clone(), Arc::clone(&resolved.task));
        let (clock, sink) = (Arc::clone(&store.clock) as _, Arc::clone(&self.reports) as _);
        let parts = RunParts::new(context, task, body, args, clock, sink);
        let mut ready = Run::new(parts.with_deadline(run.deadline));
        if run.fence.is_some() && store.caps.persistent {
            ready = ready.with_lease(lease);
        }
        if let Some(limit) = &run.start_limit {
            ready = ready.with_claim(limit.clone());
        }
        if let Err(Refused { run, reason, .. }) = resolved.executor.submit(ready) {
            // Reported like the end of any other run.
            run.finish(RunOutcome::Refused(error_chain(&reason).to_string()));
        }
    }
}

/// The definition of a job for its runs, if failed runs are retried or if it is a retry.
pub(crate) fn for_retry(definition: &Arc<JobDefinition>) -> Option<Arc<JobDefinition>> {
    let is_needed = definition.options.retry.is_some() || definition.retry_of.is_some();
    is_needed.then(|| Arc::clone(definition))
}

impl NewRun {
    /// The record of the run.
    pub(crate) fn record(&self, node: &NodeId) -> InFlightRun {
        InFlightRun {
            run_id: self.run_id,
            scheduled_time: self.scheduled_time,
            attempt: self.attempt,
            node: node.clone(),
            fence: self.fence.unwrap_or_default(),
        }
    }
}
