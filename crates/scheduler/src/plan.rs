//! Plans the runs of a due job: a pure function of the job and the current time.
//!
//! All rules about lateness, coalescing, overlap and jitter are implemented here and tested as a table.

mod times;

use std::time::Duration;

use punctual_core::{
    Coalesce, JobOptions, Overlap, Recovery, Schedule, SkipReason, Timestamp, Trigger,
};
use smallvec::SmallVec;

use self::times::{
    DueTimes, allowed_lateness, count, first_from, last_of, latest_until, oldest_allowed,
};
pub(crate) use self::times::{next_schedule, schedule};

/// Maximum number of runs that one pass starts for one job. Later passes start the others.
const MAX_RUNS_PER_PASS: u32 = 64;

/// Delay before a job with deferred run times is checked again. A run that ends in this process triggers the check
/// earlier.
const DEFERRED_RETRY_DELAY: Duration = Duration::from_secs(1);

/// A due job: the input of [`plan`].
pub(crate) struct DueJob<'a> {
    /// The job's trigger.
    pub trigger: &'a dyn Trigger,
    /// The job's options.
    pub options: &'a JobOptions,
    /// The first run time that has not been processed.
    pub next_run_time: Timestamp,
    /// Number of runs started so far.
    pub fire_count: u64,
    /// Number of runs of the job in progress.
    pub running: u32,
    /// Number of claims of this run time, including the current one.
    pub claims: u32,
    /// Whether claims of the job's store outlive this process, so that runs can be started under them.
    pub persistent: bool,
}

/// The plan for a due job.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// The runs to start, earliest first.
    pub runs: SmallVec<[PlannedRun; 1]>,
    /// When the runs start, and what protects them.
    pub start: StartOrder,
    /// Number of runs started, including those of this plan.
    pub fire_count: u64,
    /// The skipped run times, with the reason.
    pub skipped: Vec<Skipped>,
    /// The next schedule. `None` if the job has no further run time.
    pub next: Option<Schedule>,
    /// Due run times are deferred until another run ends.
    pub has_deferred_runs: bool,
    /// The run time is not processed, and the job is due again at this time.
    pub postponed_until: Option<Timestamp>,
    /// Number of runs in this process whose cancellation is requested, oldest first.
    pub cancelled: u32,
}

/// When the runs of a plan start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StartOrder {
    /// After the commit. They are not recorded, and are never repeated: `Recovery::Skip`.
    AfterCommit,
    /// After the commit, which records them: they are retried if their process dies.
    Recorded,
    /// Immediately, under the claim: if the claim ends before it is settled, the next claim repeats them. The commit
    /// follows, and records the runs that have not ended by then.
    UnderClaim,
}

/// A run to start.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PlannedRun {
    pub scheduled_time: Timestamp,
    /// The latest time at which the run may start. `None` if there is no limit.
    pub deadline: Option<Timestamp>,
}

/// Skipped run times: the first and the last of them, with the reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Skipped {
    pub first: Timestamp,
    pub last: Timestamp,
    pub reason: SkipReason,
}

/// Plans a due job. `random` returns a number below its argument; it is called only for jitter.
pub(crate) fn plan(due: &DueJob<'_>, now: Timestamp, random: &mut dyn FnMut(u64) -> u64) -> Plan {
    let reruns = due.options.recovery == Recovery::Rerun;
    let mut plan = Plan {
        runs: SmallVec::new(),
        start: if reruns { StartOrder::Recorded } else { StartOrder::AfterCommit },
        fire_count: due.fire_count,
        skipped: Vec::new(),
        next: None,
        has_deferred_runs: false,
        postponed_until: None,
        cancelled: 0,
    };
    let remaining_runs =
        due.trigger.max_runs().map_or(u64::MAX, |max| max.saturating_sub(due.fire_count));
    if remaining_runs == 0 {
        return plan;
    }
    let may_start_under_claim = reruns && due.persistent;
    if may_start_under_claim && due.claims > 1 {
        plan.repeat(due, remaining_runs, now, random);
    } else {
        plan.fill(due, remaining_runs, now, random);
        plan.has_deferred_runs = plan.next.is_some_and(|next| next.next_run_time <= now);
        if may_start_under_claim && plan.is_only(due.next_run_time) {
            plan.start = StartOrder::UnderClaim;
        }
    }
    plan.fire_count = due.fire_count.saturating_add(plan.runs.len() as u64);
    plan
}

/// The latest time at which the first attempt of a run may start. `None` if there is no limit.
pub(crate) fn deadline(
    trigger: &dyn Trigger,
    options: &JobOptions,
    scheduled_time: Timestamp,
) -> Option<Timestamp> {
    Some(scheduled_time.saturating_add(allowed_lateness(trigger, options)?))
}

impl Plan {
    /// Plans the run that may have been started under an earlier claim, which ended unsettled: it is started again
    /// however late it is, because at least one of its attempts must not be interrupted. The run times after it are
    /// planned under the next claim.
    fn repeat(
        &mut self,
        due: &DueJob<'_>,
        remaining_runs: u64,
        now: Timestamp,
        random: &mut dyn FnMut(u64) -> u64,
    ) {
        if due.running >= due.options.max_instances {
            self.postponed_until = Some(now.saturating_add(DEFERRED_RETRY_DELAY));
            return;
        }
        self.start = StartOrder::UnderClaim;
        self.runs.push(PlannedRun { scheduled_time: due.next_run_time, deadline: None });
        if remaining_runs > 1 {
            self.next = next_schedule(due.trigger, due.next_run_time, random);
        }
    }

    /// Whether the plan is one run at this time, and nothing else. Such a plan is made only while no other run time is
    /// due, so an earlier claim can have started no other run.
    fn is_only(&self, run_time: Timestamp) -> bool {
        let [run] = &*self.runs else { return false };
        run.scheduled_time == run_time && self.skipped.is_empty() && !self.has_deferred_runs
    }

    /// Selects the runs to start and the next schedule.
    fn fill(
        &mut self,
        due: &DueJob<'_>,
        remaining_runs: u64,
        now: Timestamp,
        random: &mut dyn FnMut(u64) -> u64,
    ) {
        // Jitter may make a run due before its nominal time.
        let now = now.max(due.next_run_time);
        let free = due.options.max_instances.saturating_sub(due.running);

        // Run times before `earliest` are too late. If `earliest` is `None`, all due run times are too late.
        let oldest = oldest_allowed(due, now);
        let earliest = match oldest {
            Some((oldest, _)) if oldest > due.next_run_time => first_from(due.trigger, oldest, now),
            _ => Some(due.next_run_time),
        };
        let latest = latest_until(due, now);
        let reason = oldest.map_or(SkipReason::TooLate, |(_, reason)| reason);
        let Some(earliest) = earliest else {
            self.skip(due.next_run_time, latest, reason);
            self.next = next_schedule(due.trigger, latest, random);
            return;
        };
        self.skip_before(due, due.next_run_time, earliest, reason);
        let times = DueTimes { earliest, latest, now, free };
        match due.options.coalesce {
            Coalesce::All => {
                let times = self.limit_catch_up(due, times);
                self.run_each(due, times, remaining_runs, random);
                return;
            }
            Coalesce::Earliest => self.run_one(due, earliest, times),
            _ => self.run_one(due, latest, times),
        }
        if self.next.is_none() && (self.runs.len() as u64) < remaining_runs {
            self.next = next_schedule(due.trigger, latest, random);
        }
    }

    fn run(&mut self, due: &DueJob<'_>, scheduled_time: Timestamp) {
        let deadline = deadline(due.trigger, due.options, scheduled_time);
        self.runs.push(PlannedRun { scheduled_time, deadline });
    }

    fn skip(&mut self, first: Timestamp, last: Timestamp, reason: SkipReason) {
        self.skipped.push(Skipped { first, last, reason });
    }

    /// Skips the run times from `first` to the one before `end`.
    fn skip_before(
        &mut self,
        due: &DueJob<'_>,
        first: Timestamp,
        end: Timestamp,
        reason: SkipReason,
    ) {
        if first < end {
            let last = due.trigger.latest_fire_time(first, end.saturating_add_micros(-1));
            self.skip(first, last.unwrap_or(first), reason);
        }
    }

    /// Makes the job due for the run times from `first` on as soon as a run ends.
    fn wait_from(&mut self, first: Timestamp, now: Timestamp) {
        let due_at = now.saturating_add(DEFERRED_RETRY_DELAY);
        self.next = Some(Schedule { next_run_time: first, due_at });
    }

    /// Plans one run at `chosen` for all run times, if `free` is not 0.
    fn run_one(&mut self, due: &DueJob<'_>, chosen: Timestamp, times: DueTimes) {
        let DueTimes { earliest, latest, now, free } = times;
        if free == 0 {
            match due.options.effective_overlap() {
                Overlap::QueueOne | Overlap::QueueAll => self.wait_from(earliest, now),
                Overlap::CancelRunning => {
                    self.cancelled = 1;
                    self.wait_from(earliest, now);
                }
                _ => self.skip(earliest, latest, SkipReason::MaxInstances),
            }
            return;
        }
        self.run(due, chosen);
        if earliest < latest {
            self.skip(earliest, latest, SkipReason::Coalesced);
        }
    }

    /// Skips the run times beyond the limit for catching up. Returns the others.
    fn limit_catch_up(&mut self, due: &DueJob<'_>, times: DueTimes) -> DueTimes {
        let Some(max) = due.options.max_catch_up_runs else { return times };
        let kept = last_of(due.trigger, times, max);
        self.skip_before(due, times.earliest, kept, SkipReason::CatchUpLimit);
        DueTimes { earliest: kept, ..times }
    }

    /// Plans one run for each run time, at most as many as there are free instances. Those that remain wait, or are
    /// skipped.
    fn run_each(
        &mut self,
        due: &DueJob<'_>,
        mut times: DueTimes,
        remaining_runs: u64,
        random: &mut dyn FnMut(u64) -> u64,
    ) {
        let overlap = due.options.effective_overlap();
        if overlap == Overlap::CancelRunning {
            let kept = last_of(due.trigger, times, due.options.max_instances);
            self.skip_before(due, times.earliest, kept, SkipReason::MaxInstances);
            times.earliest = kept;
        }
        let DueTimes { earliest, now, free, .. } = times;
        let limit = u64::from(free.min(MAX_RUNS_PER_PASS)).min(remaining_runs);
        let mut next = Some(earliest);
        while let Some(fire) = next.filter(|&fire| fire <= now) {
            if self.runs.len() as u64 >= limit {
                break;
            }
            self.run(due, fire);
            next = due.trigger.next_fire_time(Some(fire), now);
        }
        if self.runs.len() as u64 >= remaining_runs {
            return;
        }
        self.next = match next {
            // The next pass starts more runs.
            Some(fire) if fire <= now && self.runs.len() < free as usize => {
                return self.wait_from(fire, now);
            }
            Some(fire) if fire <= now => {
                return self.overlapping(
                    due,
                    overlap,
                    DueTimes { earliest: fire, ..times },
                    random,
                );
            }
            Some(fire) => Some(schedule(due.trigger, fire, random)),
            None => None,
        };
    }

    /// Handles the run times for which no instance is free, with [`Coalesce::All`].
    fn overlapping(
        &mut self,
        due: &DueJob<'_>,
        overlap: Overlap,
        times: DueTimes,
        random: &mut dyn FnMut(u64) -> u64,
    ) {
        let DueTimes { earliest, latest, now, .. } = times;
        match overlap {
            Overlap::Skip => {
                self.skip(earliest, latest, SkipReason::MaxInstances);
                self.next = next_schedule(due.trigger, latest, random);
            }
            Overlap::QueueOne => {
                self.skip_before(due, earliest, latest, SkipReason::MaxInstances);
                self.wait_from(latest, now);
            }
            Overlap::CancelRunning => {
                self.cancelled = count(due.trigger, times, due.options.max_instances);
                self.wait_from(earliest, now);
            }
            _ => self.wait_from(earliest, now),
        }
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "plan_guide_tests.rs"]
mod guide_tests;
