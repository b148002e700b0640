//! Plans the runs of a due job: a pure function of the job and the current time.
//!
//! All rules about lateness, coalescing, overlap and jitter are implemented here and tested as a table.

use std::time::Duration;

use punctual_core::{
    Coalesce, Jitter, JobOptions, Recovery, Schedule, SkipReason, Timestamp, Trigger,
};
use smallvec::SmallVec;

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
#[derive(Debug, PartialEq, Eq)]
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
        let earliest = match oldest_allowed(due, now) {
            Some(oldest) if oldest > due.next_run_time => first_from(due.trigger, oldest, now),
            _ => Some(due.next_run_time),
        };
        let latest = latest_until(due, now);
        let next_after = match earliest {
            None => {
                self.skip(due.next_run_time, latest, SkipReason::TooLate);
                latest
            }
            Some(earliest) => {
                if earliest > due.next_run_time {
                    let last = due
                        .trigger
                        .latest_fire_time(due.next_run_time, earliest.saturating_add_micros(-1));
                    self.skip(
                        due.next_run_time,
                        last.unwrap_or(due.next_run_time),
                        SkipReason::TooLate,
                    );
                }
                match due.options.coalesce {
                    Coalesce::All => {
                        let limit = u64::from(free.min(MAX_RUNS_PER_PASS)).min(remaining_runs);
                        self.run_each(due, earliest, now, limit, remaining_runs, random);
                        return;
                    }
                    Coalesce::Earliest => self.run_one(due, earliest, earliest, latest, free),
                    _ => self.run_one(due, latest, earliest, latest, free),
                }
                latest
            }
        };
        if (self.runs.len() as u64) < remaining_runs {
            self.next = next_schedule(due.trigger, next_after, random);
        }
    }

    fn run(&mut self, due: &DueJob<'_>, scheduled_time: Timestamp) {
        let deadline = deadline(due.trigger, due.options, scheduled_time);
        self.runs.push(PlannedRun { scheduled_time, deadline });
    }

    fn skip(&mut self, first: Timestamp, last: Timestamp, reason: SkipReason) {
        self.skipped.push(Skipped { first, last, reason });
    }

    /// Plans one run at `chosen` for all run times from `earliest` to `latest`, if `free` is not 0.
    fn run_one(
        &mut self,
        due: &DueJob<'_>,
        chosen: Timestamp,
        earliest: Timestamp,
        latest: Timestamp,
        free: u32,
    ) {
        if free == 0 {
            self.skip(earliest, latest, SkipReason::MaxInstances);
            return;
        }
        self.run(due, chosen);
        if earliest < latest {
            self.skip(earliest, latest, SkipReason::Coalesced);
        }
    }

    /// Plans one run for each run time, at most `limit`. The job stays due for the remaining run times.
    fn run_each(
        &mut self,
        due: &DueJob<'_>,
        earliest: Timestamp,
        now: Timestamp,
        limit: u64,
        remaining_runs: u64,
        random: &mut dyn FnMut(u64) -> u64,
    ) {
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
            Some(fire) if fire <= now => Some(Schedule {
                next_run_time: fire,
                due_at: now.saturating_add(DEFERRED_RETRY_DELAY),
            }),
            Some(fire) => Some(schedule(due.trigger, fire, random)),
            None => None,
        };
    }
}

/// The oldest run time that is not too late. `None` if there is no limit.
fn oldest_allowed(due: &DueJob<'_>, now: Timestamp) -> Option<Timestamp> {
    Some(now.saturating_sub(allowed_lateness(due.trigger, due.options)?))
}

/// Maximum delay of a start after the scheduled time: the grace time plus the maximum of the jitter.
fn allowed_lateness(trigger: &dyn Trigger, options: &JobOptions) -> Option<Duration> {
    let jitter = match trigger.jitter() {
        Some(Jitter::OneSided(delay) | Jitter::Symmetric(delay)) => delay,
        _ => Duration::ZERO,
    };
    Some(options.misfire_grace_time?.saturating_add(jitter))
}

fn first_from(trigger: &dyn Trigger, from: Timestamp, until: Timestamp) -> Option<Timestamp> {
    trigger
        .next_fire_time(Some(from.saturating_add_micros(-1)), until)
        .filter(|&fire| fire <= until)
}

/// The last due run time: `next_run_time` itself, which need not be on the trigger's grid, or a later one on the grid.
fn latest_until(due: &DueJob<'_>, now: Timestamp) -> Timestamp {
    let after = due.next_run_time.saturating_add_micros(1);
    if after > now {
        return due.next_run_time;
    }
    due.trigger.latest_fire_time(after, now).unwrap_or(due.next_run_time)
}

/// The schedule for the fire time after `previous`.
pub(crate) fn next_schedule(
    trigger: &dyn Trigger,
    previous: Timestamp,
    random: &mut dyn FnMut(u64) -> u64,
) -> Option<Schedule> {
    let fire = trigger.next_fire_time(Some(previous), previous)?;
    Some(schedule(trigger, fire, random))
}

/// The schedule for a fire time. Jitter moves `due_at`, but not to or past the following fire time.
pub(crate) fn schedule(
    trigger: &dyn Trigger,
    fire: Timestamp,
    random: &mut dyn FnMut(u64) -> u64,
) -> Schedule {
    let (back, range) = match trigger.jitter() {
        Some(Jitter::OneSided(delay)) => (0, micros(delay)),
        Some(Jitter::Symmetric(delay)) => (micros(delay), micros(delay).saturating_mul(2)),
        _ => return Schedule::at(fire),
    };
    let offset = i64::try_from(random(range.saturating_add(1))).unwrap_or(i64::MAX);
    let back = i64::try_from(back).unwrap_or(i64::MAX);
    let mut due_at = fire.saturating_add_micros(offset.saturating_sub(back));
    if due_at > fire
        && let Some(after) = trigger.next_fire_time(Some(fire), fire)
    {
        due_at = due_at.min(after.saturating_add_micros(-1));
    }
    Schedule { next_run_time: fire, due_at }
}

fn micros(duration: Duration) -> u64 {
    // A quarter of the range, so that twice the value, for symmetric jitter, does not overflow.
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX).min(u64::MAX / 4)
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
