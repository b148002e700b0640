//! What to do with a due job: a pure function of the job and the time.
//!
//! All rules about lateness, coalescing, overlap and jitter live here and are tested as a table.

use std::time::Duration;

use punctual_core::{
    Coalesce, Jitter, JobOptions, Recovery, Schedule, SkipReason, Timestamp, Trigger,
};
use smallvec::SmallVec;

/// The most runs that one pass starts for one job; the others follow in later passes.
const MAX_RUNS_PER_PASS: u32 = 64;

/// After this long a job is looked at again whose run times wait for a slot; the end of a run in this
/// process makes it sooner.
const RETRY_FULL: Duration = Duration::from_secs(1);

/// A job that is due.
pub(crate) struct Due<'a> {
    /// When it runs.
    pub trigger: &'a dyn Trigger,
    /// How its runs are started.
    pub options: &'a JobOptions,
    /// The first run time that has not been dealt with.
    pub next_run_time: Timestamp,
    /// How many runs have been started so far.
    pub fire_count: u64,
    /// How many runs are under way.
    pub running: u32,
}

/// What to do with it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// The runs to start, earliest first.
    pub runs: SmallVec<[PlannedRun; 1]>,
    /// Whether they are recorded before they start, so that they run again if their process dies.
    pub recorded: bool,
    /// How many runs have been started then.
    pub fire_count: u64,
    /// The run times that are passed over, and why.
    pub skipped: Vec<Skipped>,
    /// When the job runs next; none: never again.
    pub next: Option<Schedule>,
    /// Run times that are due wait for the end of another run.
    pub waiting: bool,
}

/// A run to start.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PlannedRun {
    pub scheduled_time: Timestamp,
    /// Until when it may begin; none when it may at any time.
    pub deadline: Option<Timestamp>,
}

/// Run times that are passed over: from the first to the last.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Skipped {
    pub first: Timestamp,
    pub last: Timestamp,
    pub reason: SkipReason,
}

/// Decides. `random` gives a number below its argument; it is only asked for jitter.
pub(crate) fn plan(due: &Due<'_>, now: Timestamp, random: &mut dyn FnMut(u64) -> u64) -> Plan {
    let mut plan = Plan {
        runs: SmallVec::new(),
        recorded: due.options.recovery == Recovery::Rerun,
        fire_count: due.fire_count,
        skipped: Vec::new(),
        next: None,
        waiting: false,
    };
    let left = due.trigger.max_runs().map_or(u64::MAX, |max| max.saturating_sub(due.fire_count));
    if left > 0 {
        plan.fill(due, left, now, random);
        plan.fire_count = due.fire_count.saturating_add(plan.runs.len() as u64);
        plan.waiting = plan.next.is_some_and(|next| next.next_run_time <= now);
    }
    plan
}

/// Until when the first attempt at a run may begin; none when it may at any time.
pub(crate) fn deadline(
    trigger: &dyn Trigger,
    options: &JobOptions,
    scheduled_time: Timestamp,
) -> Option<Timestamp> {
    Some(scheduled_time.saturating_add(allowed_lateness(trigger, options)?))
}

impl Plan {
    /// Chooses the runs to start, and the next schedule.
    fn fill(
        &mut self,
        due: &Due<'_>,
        left: u64,
        now: Timestamp,
        random: &mut dyn FnMut(u64) -> u64,
    ) {
        // A run that jitter moved before its nominal time is due although its time has not come.
        let now = now.max(due.next_run_time);
        let free = due.options.max_instances.saturating_sub(due.running);

        // Too late are the run times before this one; with none left that is not, all of them are.
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
                        let slots = u64::from(free.min(MAX_RUNS_PER_PASS)).min(left);
                        self.run_each(due, earliest, now, slots, left, random);
                        return;
                    }
                    Coalesce::Earliest => self.run_one(due, earliest, earliest, latest, free),
                    _ => self.run_one(due, latest, earliest, latest, free),
                }
                latest
            }
        };
        if (self.runs.len() as u64) < left {
            self.next = following(due.trigger, next_after, random);
        }
    }

    fn run(&mut self, due: &Due<'_>, scheduled_time: Timestamp) {
        let deadline = deadline(due.trigger, due.options, scheduled_time);
        self.runs.push(PlannedRun { scheduled_time, deadline });
    }

    fn skip(&mut self, first: Timestamp, last: Timestamp, reason: SkipReason) {
        self.skipped.push(Skipped { first, last, reason });
    }

    /// One run at `chosen` for all run times from `earliest` to `latest`, if there is a slot.
    fn run_one(
        &mut self,
        due: &Due<'_>,
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

    /// A run for each run time, as long as there are slots; the job stays due for the others.
    fn run_each(
        &mut self,
        due: &Due<'_>,
        earliest: Timestamp,
        now: Timestamp,
        slots: u64,
        left: u64,
        random: &mut dyn FnMut(u64) -> u64,
    ) {
        let mut next = Some(earliest);
        while let Some(fire) = next.filter(|&fire| fire <= now) {
            if self.runs.len() as u64 >= slots {
                break;
            }
            self.run(due, fire);
            next = due.trigger.next_fire_time(Some(fire), now);
        }
        if self.runs.len() as u64 >= left {
            return;
        }
        self.next = match next {
            Some(fire) if fire <= now => {
                Some(Schedule { next_run_time: fire, due_at: now.saturating_add(RETRY_FULL) })
            }
            Some(fire) => Some(schedule(due.trigger, fire, random)),
            None => None,
        };
    }
}

/// The oldest run time that is not too late; none if none ever is.
fn oldest_allowed(due: &Due<'_>, now: Timestamp) -> Option<Timestamp> {
    Some(now.saturating_sub(allowed_lateness(due.trigger, due.options)?))
}

/// How late after its scheduled time a run may start: the grace time, and what jitter may add.
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

/// The last run time that is due: the next run time itself, which need not be on the trigger's grid,
/// or a later one on it.
fn latest_until(due: &Due<'_>, now: Timestamp) -> Timestamp {
    let after = due.next_run_time.saturating_add_micros(1);
    if after > now {
        return due.next_run_time;
    }
    due.trigger.latest_fire_time(after, now).unwrap_or(due.next_run_time)
}

/// The schedule for the fire after `previous`.
pub(crate) fn following(
    trigger: &dyn Trigger,
    previous: Timestamp,
    random: &mut dyn FnMut(u64) -> u64,
) -> Option<Schedule> {
    let fire = trigger.next_fire_time(Some(previous), previous)?;
    Some(schedule(trigger, fire, random))
}

/// The schedule for a fire: with jitter it is due somewhere near, but before the fire that follows.
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
    // Half of the range, so that both sides of a symmetric jitter fit.
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX).min(u64::MAX / 4)
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
