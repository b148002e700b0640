//! Starting a run of a job immediately, outside of its schedule.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use punctual_core::{
    BoxFuture, Commit, CommitAction, CommitOutcome, Fence, JobRecord, NodeId, Recovery, RunId,
    StoreError,
};
use tokio::runtime::Handle;

use super::Jobs;
use super::selector::JobSelector;
use super::settled::may_have_unrecorded_runs;
use crate::error::SchedulerError;
use crate::runs::{NewRun, ResolvedJob, StartedRun, for_retry};
use crate::store::RegisteredStore;

/// Maximum number of attempts to start a run that conflicts with concurrent changes.
const MAX_ATTEMPTS: usize = 100;

/// Outcome of recording a run.
enum StartOutcome {
    /// The run may start.
    Done,
    /// The job was claimed, changed or started concurrently. The start is retried with the current record.
    Conflict,
    /// Concurrent starts have used up the job's `max_instances` since the job was read.
    LimitReached,
    /// The scheduler was shut down in the meantime.
    Stopped,
}

impl Jobs {
    /// Starts a run of the job in this process. The job's schedule does not change; its limits apply.
    pub(crate) async fn run_job_now(
        self: &Arc<Self>,
        selector: JobSelector,
    ) -> Result<StartedRun, SchedulerError> {
        if self.shared.settings.client_only {
            return Err(SchedulerError::ClientOnly);
        }
        if !self.shared.scheduler_state.is_started() {
            return Err(SchedulerError::NotRunning);
        }
        for _ in 0..MAX_ATTEMPTS {
            let (store, job) = self.find_stored(selector.clone()).await?;
            let job = self.wait_until_cleared(&store, job).await?;
            let lease = self.shared.settings.lease;
            let job = self.wait_until_settled(&store, job, lease).await?;
            // The clock may have been set back since the claim.
            if may_have_unrecorded_runs(&store, &job) {
                return Err(store.error(StoreError::conflict(&job.record.id)));
            }
            let record = job.record;
            if record.id.is_of_retry() {
                return Err(SchedulerError::IsRetry(record.id));
            }
            let job = store.job_ref(&record.id);
            let resolved = self.runs.resolve(&store, &record);
            let resolved =
                resolved.map_err(|problem| SchedulerError::job_unresolved(job.clone(), problem))?;
            let options = &resolved.decoded.definition.options;
            let max = options.max_instances;
            let run = NewRun {
                run_id: self.runs.new_run_id(),
                scheduled_time: store.now(),
                attempt: 1,
                fence: (options.recovery == Recovery::Rerun).then_some(record.fence),
                start_limit: None,
                deadline: None,
                timeout: options.timeout,
                retry: for_retry(&resolved.decoded.definition),
            };
            let (started, waiter) = StartedRun::new(&self.runs, run.run_id);
            if record.in_flight >= max || !self.runs.try_reserve(&store, &record, &run, max, waiter)
            {
                return Err(SchedulerError::max_instances(job));
            }
            let work = Arc::clone(self).start_now(Arc::clone(&store), record, resolved, run, max);
            match self.detach_on_drop(work).await {
                Ok(StartOutcome::Done) => return Ok(started),
                Ok(StartOutcome::LimitReached) => return Err(SchedulerError::max_instances(job)),
                Ok(StartOutcome::Stopped) => return Err(SchedulerError::NotRunning),
                Ok(StartOutcome::Conflict) => {}
                Err(error) => return Err(store.error(error)),
            }
        }
        let (store, job) = self.find_stored(selector).await?;
        Err(store.error(StoreError::conflict(&job.record.id)))
    }

    /// Records a reserved run if its job requires it, and starts it. If recording fails, the reservation is released.
    async fn start_now(
        self: Arc<Self>,
        store: Arc<RegisteredStore>,
        record: JobRecord,
        resolved: ResolvedJob,
        run: NewRun,
        max: u32,
    ) -> Result<StartOutcome, StoreError> {
        let (lease, node) = (store.lease.lock().clone(), self.shared.node());
        let start = CommitAction::Start { runs: vec![run.record(&node)] };
        let outcome = match run.fence {
            Some(_) => self.record_start(&store, &record, start.clone(), &node, max).await,
            None => Ok(StartOutcome::Done),
        };
        if matches!(outcome, Ok(StartOutcome::Done)) {
            let reserved = self.runs.context_in_progress(run.run_id);
            // The runs in progress are forgotten by a shutdown only.
            let context = reserved.unwrap_or_else(|| self.runs.context(&store, &record, &run));
            self.runs.submit_reserved(&store, context, &resolved, &record, &run, lease);
        } else {
            let fence = self.runs.release_reservation(run.run_id, store.now()).or(run.fence);
            if let Some(fence) = fence.filter(|_| !matches!(outcome, Ok(StartOutcome::Conflict))) {
                self.clear_record(&store, &record, start, (run.run_id, fence));
            }
        }
        outcome
    }

    /// Continues the work in the background if the returned future is dropped.
    pub(super) fn detach_on_drop<T>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> DetachOnDrop<T> {
        DetachOnDrop { work: Some(Box::pin(work)), runtime: self.shared.runtime() }
    }

    /// Records a run in its store before it starts.
    async fn record_start(
        &self,
        store: &Arc<RegisteredStore>,
        record: &JobRecord,
        start: CommitAction,
        node: &NodeId,
        max: u32,
    ) -> Result<StartOutcome, StoreError> {
        let commit = Commit { id: record.id.clone(), fence: record.fence, action: start };
        let outcome = match store.backend.commit(vec![commit].into()).await {
            Ok(outcomes) if outcomes.first() == Some(&CommitOutcome::Stale) => {
                Ok(StartOutcome::Conflict)
            }
            // A pass may have started runs of the same claim in between; no further one can after this commit.
            Ok(_) => store.backend.get(&record.id).await.map(|job| match job {
                Some(job) if job.record.in_flight > max => StartOutcome::LimitReached,
                // The scheduler was restarted in the meantime. Other nodes may take over a run that is recorded under
                // the old id.
                _ if *node != self.shared.node() => StartOutcome::Stopped,
                _ => StartOutcome::Done,
            }),
            Err(error) => Err(error),
        };
        // The start has ended a claim.
        store.notify_changed();
        outcome
    }

    /// Clears the record of a run that does not start. The commit may have been applied, or may still be applied later.
    /// Repeat it until a response is received, then clear the record, so that the unstarted run does not count against
    /// `max_instances`. `fence` is a later one if this node has taken the run over in the meantime.
    fn clear_record(
        &self,
        store: &Arc<RegisteredStore>,
        record: &JobRecord,
        start: CommitAction,
        (run_id, fence): (RunId, Fence),
    ) {
        store.queue_commit(&record.id, &record.task, record.fence, start);
        store.queue_commit(&record.id, &record.task, fence, CommitAction::ClearRun { run_id });
        self.shared.wake.wake();
    }
}

/// Future that must run to completion. It is polled by the caller, which may be the runtime's only thread; if dropped
/// early, it is spawned as a detached task.
pub(super) struct DetachOnDrop<T: 'static> {
    work: Option<BoxFuture<'static, T>>,
    runtime: Option<Handle>,
}

impl<T> Future for DetachOnDrop<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        // The future is missing after it has panicked.
        let Some(mut work) = self.work.take() else {
            return Poll::Pending;
        };
        let result = work.as_mut().poll(context);
        if result.is_pending() {
            self.work = Some(work);
        }
        result
    }
}

impl<T> Drop for DetachOnDrop<T> {
    fn drop(&mut self) {
        if let (Some(work), Some(runtime)) = (self.work.take(), &self.runtime) {
            runtime.spawn(async move { drop(work.await) });
        }
    }
}
