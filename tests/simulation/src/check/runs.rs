//! The checks on the calls of tasks.

use punctual_core::{JobContext, StoredJob, Timestamp};

use super::{InvariantChecker, RecordState, Violation, violated};
use crate::process::Process;
use crate::show;
use crate::time::seconds;

type CheckResult = Result<(), Violation>;

impl InvariantChecker {
    /// A run has started, at `store_time` by the store's clock as the process estimates it.
    pub(crate) fn began(
        &mut self,
        process: &Process,
        context: &JobContext,
        _record: Option<StoredJob>,
        now: Timestamp,
        store_time: Timestamp,
    ) -> CheckResult {
        self.counts.starts += 1;
        let key = (context.run_id(), context.attempt());
        let name = || format!("process {}: {}", process.number, show::run(context));
        if let Some(other) = self.starts.insert(key, process.number) {
            let text = format!("{} began in process {other} before", name());
            return violated("each attempt starts once", text);
        }
        let state = self.processes.entry(process.number).or_default();
        let active = state.active.iter_mut().find(|active| (active.run, active.attempt) == key);
        let Some(active) = active else {
            return violated("a run is submitted before it starts", name());
        };
        active.started = true;
        if let Some(used) = active.of.map(|of| &self.consumed[of]) {
            let time = context.scheduled_time().as_micros();
            let early = time - now.as_micros();
            if early > self.early(process.machine, now.as_micros()) {
                return violated("no run starts early", format!("{}: {early} us early", name()));
            }
            if used.policy.deadline(time).is_some_and(|deadline| store_time.as_micros() > deadline)
            {
                let text = format!("{} began at {:.3} by its clock", name(), seconds(store_time));
                return violated("no run starts after its grace time", text);
            }
        }
        let Some(run) = self.runs.get(&context.run_id()) else { return Ok(()) };
        match &run.record {
            RecordState::Removed => {}
            RecordState::Cleared => return violated("no completed run starts", name()),
            RecordState::Recorded { node, attempt } => {
                let own = process.node.lock().clone();
                // The lease seems longer by as much as the clock was set back since the last estimate.
                let recently = self.jumped[process.machine]
                    .is_some_and(|at| now.as_micros() - at < self.lease);
                // A run that a process takes over from its own node keeps its attempt.
                let taken = own.as_ref() != Some(node);
                if taken && !recently {
                    let text =
                        format!("{} is attempt {attempt} of {} by now", name(), show::node(node));
                    return violated("no run starts that another node has taken over", text);
                }
            }
        }
        let job = run.job.clone();
        let most = self.jobs.get(&job).map_or(u32::MAX, |state| state.max_instances) as usize;
        let count = self.at_work(&job);
        if count > most {
            let text = format!("{}: {count} runs of at most {most}", name());
            return violated("max_instances holds in all processes together", text);
        }
        Ok(())
    }

    /// Returns the number of recorded runs of a job that are executing.
    fn at_work(&self, job: &punctual_core::JobId) -> usize {
        let active = self.processes.values().flat_map(|process| &process.active);
        let is_at_work = |active: &&super::Active| {
            let Some(run) = self.runs.get(&active.run) else { return false };
            let is_current = matches!(run.record, RecordState::Recorded { attempt, .. } if attempt == active.attempt);
            // A run outside of the schedule that exceeded the limit, and whose process was killed before it was
            // withdrawn, is recovered nevertheless.
            let counts = active.attempt == 1 || !run.unscheduled;
            active.job == *job && active.started && !active.worked && is_current && counts
        };
        active.filter(is_at_work).count()
    }

    /// The task of a run has returned.
    pub(crate) fn worked(&mut self, process: &Process, context: &JobContext) -> CheckResult {
        let key = (context.run_id(), context.attempt());
        let state = self.processes.entry(process.number).or_default();
        for active in &mut state.active {
            active.worked |= (active.run, active.attempt) == key;
        }
        Ok(())
    }
}
