//! Running a job at once, outside of its schedule.

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
use crate::error::SchedulerError;
use crate::runs::{NewRun, Resolved};
use crate::store::Slot;

/// How often a start is tried again; each time, somebody else's has got through.
const RETRIES: usize = 100;

/// What became of the record of a run that is to start.
enum Recorded {
    /// The run may start.
    Done,
    /// Somebody else claimed or changed the job, or started a run of it, first: look again.
    Late,
    /// Others have started so many runs since the job was read that this one is too many.
    Full,
    /// The scheduler was shut down meanwhile.
    Stopped,
}

impl Jobs {
    /// Starts a run of the job in this process now. Its schedule stays; its limits hold.
    pub(crate) async fn run_job_now(
        self: &Arc<Self>,
        selector: JobSelector,
    ) -> Result<RunId, SchedulerError> {
        if self.shared.settings.client {
            return Err(SchedulerError::ClientOnly);
        }
        if !self.shared.phase.is_up() {
            return Err(SchedulerError::NotRunning);
        }
        for _ in 0..RETRIES {
            let (slot, record) = self.find_stored(selector.clone()).await?;
            let resolved = self
                .runs
                .resolve(&slot, &record)
                .map_err(|problem| SchedulerError::Unresolved { id: record.id.clone(), problem })?;
            let options = &resolved.decoded.definition.options;
            let max = options.max_instances;
            let run = NewRun {
                run_id: self.runs.new_run_id(),
                scheduled_time: slot.now(),
                attempt: 1,
                recorded: (options.recovery == Recovery::Rerun).then_some(record.fence),
                deadline: None,
            };
            let id = record.id.clone();
            let run_id = run.run_id;
            if record.in_flight >= max || !self.runs.try_count(&slot, &record, &run, max) {
                return Err(SchedulerError::MaxInstances(id));
            }
            let work = Arc::clone(self).start_now(Arc::clone(&slot), record, resolved, run, max);
            match self.to_the_end(work).await {
                Ok(Recorded::Done) => return Ok(run_id),
                Ok(Recorded::Full) => return Err(SchedulerError::MaxInstances(id)),
                Ok(Recorded::Stopped) => return Err(SchedulerError::NotRunning),
                Ok(Recorded::Late) => {}
                Err(error) => return Err(slot.error(error)),
            }
        }
        let (slot, record) = self.find_stored(selector).await?;
        Err(slot.error(StoreError::conflict(&record.id)))
    }

    /// Records a run that counts as under way, if it has to be, and starts it, or takes it back.
    async fn start_now(
        self: Arc<Self>,
        slot: Arc<Slot>,
        record: JobRecord,
        resolved: Resolved,
        run: NewRun,
        max: u32,
    ) -> Result<Recorded, StoreError> {
        let (lease, node) = (slot.lease.lock().clone(), self.shared.node());
        let start = CommitAction::Start { runs: vec![run.record(&node)] };
        let recorded = match run.recorded {
            Some(_) => self.record_start(&slot, &record, start.clone(), &node, max).await,
            None => Ok(Recorded::Done),
        };
        if matches!(recorded, Ok(Recorded::Done)) {
            let context = self.runs.context(&slot, &record, &run);
            self.runs.hand_over(&slot, context, &resolved, &record, &run, lease);
        } else {
            let fence = self.runs.withdraw(run.run_id, slot.now()).or(run.recorded);
            if let Some(fence) = fence.filter(|_| !matches!(recorded, Ok(Recorded::Late))) {
                self.unrecord(&slot, &record, start, (run.run_id, fence));
            }
        }
        recorded
    }

    fn to_the_end<T>(&self, work: impl Future<Output = T> + Send + 'static) -> ToTheEnd<T> {
        ToTheEnd { work: Some(Box::pin(work)), runtime: self.shared.runtime() }
    }

    /// Records a run in its store before it starts.
    async fn record_start(
        &self,
        slot: &Arc<Slot>,
        record: &JobRecord,
        start: CommitAction,
        node: &NodeId,
        max: u32,
    ) -> Result<Recorded, StoreError> {
        let commit = Commit { id: record.id.clone(), fence: record.fence, action: start };
        let recorded = match slot.store.commit(vec![commit].into()).await {
            Ok(outcome) if outcome.first() == Some(&CommitOutcome::Stale) => Ok(Recorded::Late),
            // A pass may have started runs of the same claim in between; after this no other can.
            Ok(_) => slot.store.get(&record.id).await.map(|job| match job {
                Some(job) if job.record.in_flight > max => Recorded::Full,
                // The scheduler was shut down and started meanwhile: under the old name others may take the run.
                _ if *node != self.shared.node() => Recorded::Stopped,
                _ => Recorded::Done,
            }),
            Err(error) => Err(error),
        };
        // The start has ended a claim.
        slot.changed();
        recorded
    }

    /// Clears the record of a run that does not start. It is recorded, perhaps, or will be: the commit may still be on
    /// its way. After a repeat that was answered it can't be any more, and the run must block no other. Its fence is
    /// a later one when this node has taken it over meanwhile.
    fn unrecord(
        &self,
        slot: &Arc<Slot>,
        record: &JobRecord,
        start: CommitAction,
        (run_id, fence): (RunId, Fence),
    ) {
        slot.settle(&record.id, &record.task, record.fence, start);
        slot.settle(&record.id, &record.task, fence, CommitAction::ClearRun { run_id });
        self.shared.wake.wake();
    }
}

/// Work that must not stay half-done: when its caller loses patience, it goes on in a task of its own. Until
/// then it is the caller's, who may be the only thread of the runtime.
struct ToTheEnd<T: 'static> {
    work: Option<BoxFuture<'static, T>>,
    runtime: Option<Handle>,
}

impl<T> Future for ToTheEnd<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        // After a panic there is nothing left to go on with.
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

impl<T> Drop for ToTheEnd<T> {
    fn drop(&mut self) {
        if let (Some(work), Some(runtime)) = (self.work.take(), &self.runtime) {
            runtime.spawn(async move { drop(work.await) });
        }
    }
}
