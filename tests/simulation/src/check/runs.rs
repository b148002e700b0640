//! The checks on the calls of tasks.

use punctual_core::{JobContext, JobId, StoredJob, Timestamp};

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
        record: Option<StoredJob>,
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
        let of = active.of;
        if let Some(used) = of.map(|of| &self.consumed[of]) {
            let time = context.scheduled_time().as_micros();
            let early = time - now.as_micros();
            if early > self.early(process.machine, now.as_micros()) {
                return violated("no run starts early", format!("{}: {early} us early", name()));
            }
            // An earlier attempt may have been interrupted.
            let deadline = used.policy.deadline(time).filter(|_| used.attempt == 1);
            if deadline.is_some_and(|deadline| store_time.as_micros() > deadline) {
                let text = format!("{} began at {:.3} by its clock", name(), seconds(store_time));
                return violated("no run starts after its grace time", text);
            }
        }
        let Some(run) = self.runs.get(&context.run_id()) else {
            return match of.filter(|&of| self.consumed[of].started_under_claim.is_some()) {
                Some(of) => self.began_under_claim(process, of, record.as_ref(), name(), now),
                None => Ok(()),
            };
        };
        let recently = self.seems_leased(process.machine, now);
        match &run.record {
            RecordState::Removed => {}
            RecordState::Cleared if recently => {}
            RecordState::Cleared => return violated("no completed run starts", name()),
            RecordState::Recorded { node, attempt } => {
                let own = process.node.lock().clone();
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
        self.check_instances(&job, record.as_ref(), name())
    }

    /// A run has started under a claim that is not settled.
    fn began_under_claim(
        &self,
        process: &Process,
        of: usize,
        record: Option<&StoredJob>,
        name: String,
        now: Timestamp,
    ) -> CheckResult {
        let used = &self.consumed[of];
        let Some(job) = self.jobs.get(&used.job).filter(|job| job.incarnation == used.incarnation)
        else {
            return Ok(());
        };
        // A user may end the claim; the run may start nevertheless.
        if job.changed.is_some_and(|changed| changed >= used.at) {
            return Ok(());
        }
        let recently = self.seems_leased(process.machine, now);
        if !record.is_some_and(|job| is_open(job, used.fence)) && !recently {
            let record = show::job(record);
            return violated(
                "no run starts after its claim has ended",
                format!("{name}: {record}"),
            );
        }
        self.check_instances(&used.job, record, name)
    }

    fn check_instances(
        &self,
        job: &JobId,
        record: Option<&StoredJob>,
        name: String,
    ) -> CheckResult {
        let most = self.jobs.get(job).map_or(u32::MAX, |state| state.max_instances) as usize;
        let count = self.at_work(job, record);
        if count > most {
            let text = format!("{name}: {count} runs of at most {most}");
            return violated("max_instances holds in all processes together", text);
        }
        Ok(())
    }

    /// Returns the number of runs of a job that are executing and that are recorded, or under the open claim.
    fn at_work(&self, job: &JobId, record: Option<&StoredJob>) -> usize {
        let active = self.processes.values().flat_map(|process| &process.active);
        let is_at_work = |active: &&super::Active| {
            let is_executing = active.job == *job && active.started && !active.worked;
            let Some(run) = self.runs.get(&active.run) else {
                let of = active.of.map(|of| &self.consumed[of]);
                let is_claimed =
                    of.is_some_and(|used| record.is_some_and(|r| is_open(r, used.fence)));
                return is_executing && is_claimed;
            };
            let is_current = matches!(run.record, RecordState::Recorded { attempt, .. } if attempt == active.attempt);
            // A run outside of the schedule that exceeded the limit, and whose process was killed before it was
            // withdrawn, is recovered nevertheless.
            let counts = active.attempt == 1 || !run.unscheduled;
            is_executing && is_current && counts
        };
        active.filter(is_at_work).count()
    }

    /// The task of a run has returned.
    pub(crate) fn worked(&mut self, process: &Process, context: &JobContext) -> CheckResult {
        let key = (context.run_id(), context.attempt());
        let state = self.processes.entry(process.number).or_default();
        for active in state.active.iter_mut().chain(&mut state.outlasting) {
            active.worked |= (active.run, active.attempt) == key;
        }
        Ok(())
    }
}

/// Whether the job has an open claim with this fence.
fn is_open(job: &StoredJob, fence: i64) -> bool {
    job.claim.is_some() && job.record.fence.0 == fence
}
