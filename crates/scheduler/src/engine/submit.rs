//! From a claimed record to runs in an executor.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use punctual_core::{
    AnyTask, Commit, CommitAction, CommitOutcome, Event, EventMask, Executor, Fence, HistoryEntry,
    InFlightRun, JobContext, JobContextParts, JobProblem, JobRecord, JobRef, MissReason, NodeId,
    Recovery, Refused, Run, RunEvent, RunId, RunOutcome, RunParts, SkippedRuns, Timestamp,
    TriggerError,
};

use smallvec::SmallVec;

use super::Engine;
use super::active::ActiveRun;
use super::cache::Decoded;
use super::slot::{Pass, Slot};
use super::tick::job_ref;
use crate::plan::{self, Due, Skipped};

/// A claimed job with what is to become of it; carried out when its commit has been.
pub(crate) struct Planned {
    pub record: JobRecord,
    pub commit: Commit,
    pub runs: SmallVec<[NewRun; 1]>,
    skipped: Vec<Skipped>,
    /// Run times that are due wait for a slot.
    waiting: bool,
    /// Until then nobody else can have claimed the job.
    pub claimed_until: Timestamp,
    resolved: Option<Resolved>,
}

/// A run to submit.
pub(crate) struct NewRun {
    pub run_id: RunId,
    pub scheduled_time: Timestamp,
    pub attempt: u32,
    pub recorded: Option<Fence>,
    pub deadline: Option<Timestamp>,
}

/// All that is needed to run a job here.
#[derive(Clone)]
pub(crate) struct Resolved {
    pub decoded: Arc<Decoded>,
    task: Arc<dyn AnyTask>,
    executor: Arc<dyn Executor>,
}

impl Engine {
    pub(super) fn decode(
        &self,
        slot: &Slot,
        record: &JobRecord,
    ) -> Result<Arc<Decoded>, Arc<JobProblem>> {
        slot.cache.lock().decode(record, &self.triggers)
    }

    /// Finds everything that a record names in this process.
    pub(super) fn resolve(
        &self,
        slot: &Slot,
        record: &JobRecord,
    ) -> Result<Resolved, Arc<JobProblem>> {
        let decoded = self.decode(slot, record)?;
        let task = self.tasks.read().get(&record.task);
        let task = task.ok_or_else(|| JobProblem::UnknownTask(record.task.clone()))?;
        decoded.check_args(&*task)?;
        let alias = &decoded.definition.executor;
        let executor = self.executors.read().get(alias).cloned();
        let executor = executor.ok_or_else(|| JobProblem::UnknownExecutor(alias.clone()))?;
        Ok(Resolved { decoded, task, executor })
    }

    pub(super) fn new_run_id(&self) -> RunId {
        let mut next = self.next_run_id.lock();
        *next = next.next();
        *next
    }

    /// Decides what becomes of a claimed record.
    pub(super) fn plan(
        &self,
        slot: &Arc<Slot>,
        pass: &mut Pass,
        node: &NodeId,
        record: JobRecord,
        now: Timestamp,
    ) -> Planned {
        let commit = |action| Commit { id: record.id.clone(), fence: record.fence, action };
        let claimed_until = now.saturating_add(self.settings.lease);
        let resolved = match self.resolve(slot, &record) {
            Ok(resolved) => resolved,
            Err(problem) => return self.put_off(slot, pass, record, problem, now),
        };
        let Some(schedule) = record.schedule else {
            // A store that claims a paused job is wrong; the job stays as it is.
            let commit = commit(CommitAction::Postpone { due_at: claimed_until });
            return Planned::without_runs(record, commit, claimed_until);
        };
        let trigger = &*resolved.decoded.trigger;
        let options = &resolved.decoded.definition.options;
        let here = self.active.lock().count(slot, &record.id);
        let running = here.max(record.in_flight);
        let due = Due {
            trigger,
            options,
            next_run_time: schedule.next_run_time,
            fire_count: record.fire_count,
            running,
        };
        let planning = || plan::plan(&due, now, &mut |below| fastrand::u64(..below));
        // A trigger of the user's that panics must not cost other jobs their runs.
        let Ok(plan) = catch_unwind(AssertUnwindSafe(planning)) else {
            let problem = TriggerError::invalid_text(trigger.to_string(), "the trigger panicked");
            let problem = Arc::new(JobProblem::Trigger(problem));
            return self.put_off(slot, pass, record, problem, now);
        };
        pass.reported.remove(&record.id);
        let recorded = (options.recovery == Recovery::Rerun).then_some(record.fence);
        // A claim that was lost has begun nothing: runs are recorded before they start, or not at all.
        let attempt = 1;
        let runs: SmallVec<[NewRun; 1]> = plan
            .runs
            .iter()
            .map(|&scheduled_time| NewRun {
                run_id: self.new_run_id(),
                scheduled_time,
                attempt,
                recorded,
                deadline: resolved.deadline(scheduled_time),
            })
            .collect();
        let start = if recorded.is_some() {
            runs.iter().map(|run| run.record(node)).collect()
        } else {
            Vec::new()
        };
        let fire_count = record.fire_count.saturating_add(runs.len() as u64);
        let commit = commit(match plan.next {
            Some(schedule) => CommitAction::Advance { schedule, fire_count, start },
            None => CommitAction::Finish { start },
        });
        let waiting = plan.next.is_some_and(|next| next.next_run_time <= now);
        Planned {
            record,
            commit,
            runs,
            skipped: plan.skipped,
            waiting,
            claimed_until,
            resolved: Some(resolved),
        }
    }

    /// Leaves a job that can't be run here as it is, to be looked at again: what is missing may be added
    /// meanwhile.
    fn put_off(
        &self,
        slot: &Slot,
        pass: &mut Pass,
        record: JobRecord,
        problem: Arc<JobProblem>,
        now: Timestamp,
    ) -> Planned {
        self.report_unresolved(slot, pass, &record, problem);
        let due_at = now.saturating_add(self.settings.retry_interval);
        let action = CommitAction::Postpone { due_at };
        let commit = Commit { id: record.id.clone(), fence: record.fence, action };
        Planned::without_runs(record, commit, now.saturating_add(self.settings.lease))
    }

    /// Does what was planned, after its commit.
    pub(super) fn carry_out(&self, slot: &Arc<Slot>, job: Planned, outcome: CommitOutcome) {
        if outcome == CommitOutcome::Stale {
            tracing::debug!(job = %job.record.id, "somebody else changed or claimed the job first");
            return;
        }
        let reference = job_ref(&slot.alias, &job.record);
        for skipped in job.skipped {
            self.emit_skipped(&reference, &skipped);
        }
        if let Some(resolved) = &job.resolved {
            for run in job.runs {
                self.submit(slot, &job.record, resolved, run);
            }
        }
        let mut active = self.active.lock();
        let known = active.job_mut(slot, &job.record.id);
        match known {
            Some(known) if outcome == CommitOutcome::Removed => known.removed = true,
            Some(known) if job.waiting => known.waiting = Some(job.record.fence),
            None if outcome == CommitOutcome::Removed => {
                drop(active);
                self.job_left(slot, reference, &job.record.task);
            }
            _ => {}
        }
    }

    /// Tells of runs that will not begin here: their commit was in doubt until others could have the job, and
    /// no record says whether it was carried out.
    pub(super) fn tell_lost(&self, slot: &Slot, job: &Planned, now: Timestamp) {
        let (record, node) = (&job.record, self.node.lock().clone());
        for run in &job.runs {
            let mut event = RunEvent::of(&self.context(slot, record, run));
            event.outcome = Some(RunOutcome::Lost);
            tracing::warn!(
                store = %slot.alias, job = %record.id, due = %run.scheduled_time,
                "a run is lost: its commit was in doubt for too long"
            );
            if let Some(history) = &slot.history {
                let entry = HistoryEntry::new(&event, record.task.clone(), node.clone(), now);
                history.record(entry, now);
            }
            self.bus.emit(Event::JobError(event));
        }
    }

    fn emit_skipped(&self, job: &JobRef, skipped: &Skipped) {
        let Skipped { first, last, reason } = *skipped;
        let skipped = SkippedRuns::new(job.clone(), first, last, reason);
        match reason {
            MissReason::TooLate => self.bus.emit(Event::JobMissed(skipped)),
            MissReason::MaxInstances => self.bus.emit(Event::JobMaxInstances(skipped)),
            _ => self.bus.emit(Event::JobCoalesced(skipped)),
        }
    }

    pub(super) fn context(&self, slot: &Slot, record: &JobRecord, run: &NewRun) -> JobContext {
        JobContext::new(JobContextParts {
            job_id: record.id.clone(),
            job_store: slot.alias.clone(),
            run_id: run.run_id,
            scheduled_time: run.scheduled_time,
            attempt: run.attempt,
            state: self.state.clone(),
        })
    }

    /// Counts a run as under way and hands it to its executor.
    pub(super) fn submit(
        &self,
        slot: &Arc<Slot>,
        record: &JobRecord,
        resolved: &Resolved,
        run: NewRun,
    ) {
        let active = self.active_run(slot, record, &run);
        let context = active.context.clone();
        self.active.lock().insert(active);
        self.hand_over(slot, context, resolved, record, &run);
    }

    /// The run as it counts among those under way.
    pub(super) fn active_run(
        &self,
        slot: &Arc<Slot>,
        record: &JobRecord,
        run: &NewRun,
    ) -> ActiveRun {
        ActiveRun {
            slot: Arc::clone(slot),
            task: record.task.clone(),
            context: self.context(slot, record, run),
            recorded: run.recorded,
        }
    }

    /// Hands a run to its executor that counts as under way already.
    pub(super) fn hand_over(
        &self,
        slot: &Slot,
        context: JobContext,
        resolved: &Resolved,
        record: &JobRecord,
        run: &NewRun,
    ) {
        // Told before, so that no end of the run can be told earlier.
        if self.bus.wants(EventMask::JOB_SUBMITTED) {
            self.bus.emit(Event::JobSubmitted(RunEvent::of(&context)));
        }
        let args = resolved.decoded.definition.args.clone();
        let mut ready = Run::new(RunParts {
            context,
            task: record.task.clone(),
            body: Arc::clone(&resolved.task),
            args,
            deadline: run.deadline,
            clock: Arc::clone(&slot.clock) as _,
            sink: Arc::clone(&self.reports) as _,
        });
        if run.recorded.is_some() && slot.caps.persistent {
            ready = ready.with_lease(slot.lease.lock().clone());
        }
        if let Err(Refused { run, reason }) = resolved.executor.submit(ready) {
            // Comes back as a report, like the end of any other run.
            run.finish(RunOutcome::Refused(reason.to_string()));
        }
    }
}

impl Resolved {
    /// Until when a first attempt of that time may begin; none when it may at any time.
    pub(super) fn deadline(&self, scheduled_time: Timestamp) -> Option<Timestamp> {
        let options = &self.decoded.definition.options;
        let lateness = plan::allowed_lateness(&*self.decoded.trigger, options)?;
        Some(scheduled_time.saturating_add(lateness))
    }
}

impl Planned {
    /// The runs that its commit records.
    fn recorded(&self) -> &[InFlightRun] {
        match &self.commit.action {
            CommitAction::Advance { start, .. } | CommitAction::Finish { start } => start,
            _ => &[],
        }
    }

    /// Whether its commit records its runs.
    pub(super) fn is_recorded(&self) -> bool {
        !self.recorded().is_empty()
    }

    /// Keeps those of its runs that were found as its commit records them: the others have been taken over
    /// since.
    pub(super) fn keep_own(&mut self, found: &[InFlightRun]) {
        let own = found.iter().filter(|found| self.recorded().contains(found));
        let own: Vec<RunId> = own.map(|run| run.run_id).collect();
        self.runs.retain(|run| own.contains(&run.run_id));
    }

    fn without_runs(record: JobRecord, commit: Commit, claimed_until: Timestamp) -> Self {
        Self {
            record,
            commit,
            runs: SmallVec::new(),
            skipped: Vec::new(),
            waiting: false,
            claimed_until,
            resolved: None,
        }
    }
}

impl NewRun {
    /// What the store keeps of the run.
    pub(super) fn record(&self, node: &NodeId) -> InFlightRun {
        InFlightRun {
            run_id: self.run_id,
            scheduled_time: self.scheduled_time,
            attempt: self.attempt,
            node: node.clone(),
            fence: self.recorded.unwrap_or_default(),
        }
    }
}
