//! The checks on scripts whose jobs have a retry policy, in which only the fate of each run is followed.

use std::collections::{BTreeMap, BTreeSet};

use punctual_core::{Event, JobContext, JobDefinition, JobId, RunId, StoredJob, Timestamp};

use super::final_state::MAX_DELAY;
use super::{Counts, Violation, violated};
use crate::script::{CallFaultRates, Machine, Script, Step, UserAction};
use crate::show;

type CheckResult = Result<(), Violation>;

#[derive(Debug)]
pub(crate) struct RetryChecker {
    /// Whether nothing fails except the runs: then limits and the numbers of attempts are checked, too, and the runs of
    /// jobs that are not repeated after a crash are not lost either.
    is_calm: bool,
    /// Whether each call is applied at once, and no clock is set. Otherwise the retry of an attempt can be stored after
    /// another process has taken the attempt over: then both run.
    is_reliable: bool,
    jobs: BTreeMap<JobId, Rules>,
    runs: BTreeMap<RunId, Run>,
    executing: Vec<Executing>,
    /// Those of which the first look after the fault-free phase found nothing. A run is in no record between the commit that
    /// removes its retry and its start.
    suspected: BTreeSet<RunId>,
    pub(crate) counts: Counts,
}

#[derive(Clone, Copy, Debug)]
struct Rules {
    rerun: bool,
    max_instances: usize,
}

/// A run that has started.
#[derive(Debug)]
struct Run {
    job: JobId,
    rerun: bool,
    attempts: BTreeSet<u32>,
    has_succeeded: bool,
    /// When its last attempt began or ended.
    since: i64,
}

#[derive(Debug)]
struct Executing {
    process: usize,
    run: RunId,
    attempt: u32,
    job: JobId,
}

impl RetryChecker {
    pub(crate) fn new(script: &Script) -> Self {
        let added = script.steps.iter().filter_map(|(_, step)| match step {
            Step::User { job, what: UserAction::Add { job: added, .. }, .. } => {
                let id = JobId::new(Script::job_name(*job)).expect("a name");
                let max_instances = added.max_instances as usize;
                Some((id, Rules { rerun: added.rerun, max_instances }))
            }
            _ => None,
        });
        let is_faultless = |machine: &Machine| {
            let CallFaultRates { refused, lost, late, part, slow } = machine.call_faults;
            refused + lost + late + part + slow == 0
        };
        let is_fault =
            |(_, step): &(u32, Step)| matches!(step, Step::Outage { .. } | Step::Jump { .. });
        Self {
            is_calm: script.is_calm,
            is_reliable: script.machines.iter().all(is_faultless)
                && !script.steps.iter().any(is_fault),
            jobs: added.collect(),
            runs: BTreeMap::new(),
            executing: Vec::new(),
            suspected: BTreeSet::new(),
            counts: Counts::default(),
        }
    }

    /// A run has started.
    pub(crate) fn began(
        &mut self,
        process: usize,
        context: &JobContext,
        now: Timestamp,
    ) -> CheckResult {
        let (id, attempt, job) = (context.run_id(), context.attempt(), context.job_id());
        let rules = self.jobs[job];
        self.counts.starts += 1;
        self.counts.again += usize::from(attempt > 1);
        let run = self.runs.entry(id).or_insert_with(|| Run {
            job: job.clone(),
            rerun: rules.rerun,
            attempts: BTreeSet::new(),
            has_succeeded: false,
            since: 0,
        });
        run.since = now.as_micros();
        let last = run.attempts.last().copied().unwrap_or(0);
        if !run.attempts.insert(attempt) && (self.is_calm || (rules.rerun && self.is_reliable)) {
            return violated("each attempt starts once", show::run(context));
        }
        if self.is_calm && attempt != last + 1 {
            let text = format!("{} follows attempt {last}", show::run(context));
            return violated("attempts are numbered one after the other", text);
        }
        self.executing.push(Executing { process, run: id, attempt, job: job.clone() });
        let of_job = self.executing.iter().filter(|run| run.process == process && run.job == *job);
        let count = of_job.count();
        if self.is_calm && count > rules.max_instances {
            let text = format!("{}: {count} of {}", show::run(context), rules.max_instances);
            return violated("max_instances includes retries", text);
        }
        Ok(())
    }

    /// The task of a run has returned.
    pub(crate) fn ended(
        &mut self,
        process: usize,
        context: &JobContext,
        has_succeeded: bool,
        now: Timestamp,
    ) {
        let (id, attempt) = (context.run_id(), context.attempt());
        let is_it =
            |other: &Executing| (other.process, other.run, other.attempt) == (process, id, attempt);
        self.executing.retain(|other| !is_it(other));
        if let Some(run) = self.runs.get_mut(&id) {
            run.has_succeeded |= has_succeeded;
            run.since = now.as_micros();
        }
    }

    /// A process was killed.
    pub(crate) fn killed(&mut self, process: usize) {
        self.executing.retain(|run| run.process != process);
    }

    /// A process has emitted an event.
    pub(crate) fn event(&mut self, event: &Event) -> CheckResult {
        if let Event::JobMissed(skipped) | Event::JobMaxInstances(skipped) = event {
            self.counts.skipped += 1;
            if skipped.job.job_id.is_of_retry() {
                return violated("no retry is skipped", show::event(event));
            }
        }
        Ok(())
    }

    /// Checks the stored jobs after the fault-free phase: each run that has failed has a retry or a dead letter, unless it
    /// is in progress. Called twice.
    pub(crate) fn check_quiescent(
        &mut self,
        jobs: &[StoredJob],
        poll: i64,
        now: Timestamp,
    ) -> CheckResult {
        let mut stored = BTreeSet::new();
        for job in jobs {
            let late = job.claimable_at().map_or(0, |at| now.as_micros() - at.as_micros());
            if late > MAX_DELAY + poll && !self.waits(job) {
                let text = format!("{late} us late: {}", show::job(Some(job)));
                return violated("due jobs are run", text);
            }
            stored.extend(definition(job).retry_of.map(|failed| failed.run_id));
            stored.extend(job.runs.iter().map(|run| run.run_id));
            let claimed = job.record.schedule.filter(|_| job.record.claims > 0);
            stored.extend(claimed.map(|next| job.record.run_id_at(next.next_run_time)));
        }
        let suspected = std::mem::take(&mut self.suspected);
        for (id, run) in &self.runs {
            let is_executing = || self.executing.iter().any(|other| other.run == *id);
            if (run.rerun || self.is_calm)
                && !run.has_succeeded
                && !stored.contains(id)
                && now.as_micros() - run.since > MAX_DELAY
                && !is_executing()
            {
                if suspected.contains(id) {
                    let text = format!("{} of {}, {:?}", show::id(*id), run.job, run.attempts);
                    return violated("no failed run is lost", text);
                }
                self.suspected.insert(*id);
            }
        }
        Ok(())
    }

    /// Whether a job or a retry waits for a free instance.
    fn waits(&self, job: &StoredJob) -> bool {
        let definition = definition(job);
        let origin = definition.retry_of.as_deref().map_or(&job.record.id, |failed| &failed.job_id);
        let executing = self.executing.iter().filter(|run| run.job == *origin).count();
        executing >= self.jobs[origin].max_instances
    }
}

fn definition(job: &StoredJob) -> JobDefinition {
    JobDefinition::decode(job.record.definition.as_bytes()).expect("a definition")
}
