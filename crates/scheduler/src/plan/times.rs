//! The run times of a due job, and its next schedule.

use std::time::Duration;

use punctual_core::{Jitter, JobOptions, Schedule, SkipReason, Timestamp, Trigger};

use super::DueJob;

/// The due run times that are not too late.
#[derive(Clone, Copy)]
pub(super) struct DueTimes {
    pub earliest: Timestamp,
    pub latest: Timestamp,
    pub now: Timestamp,
    /// Number of runs that may start.
    pub free: u32,
}

/// Number of run times, at most `max`.
pub(super) fn count(trigger: &dyn Trigger, times: DueTimes, max: u32) -> u32 {
    let next = |fire: &Timestamp| trigger.next_fire_time(Some(*fire), times.now);
    let all = std::iter::successors(Some(times.earliest), next);
    let all = all.take_while(|fire| *fire <= times.now).zip(0..max);
    u32::try_from(all.count()).unwrap_or(max)
}

/// The first of the last `max` run times.
pub(super) fn last_of(trigger: &dyn Trigger, times: DueTimes, max: u32) -> Timestamp {
    if count(trigger, times, max.saturating_add(1)) <= max {
        return times.earliest;
    }
    let before =
        |fire: &Timestamp| trigger.latest_fire_time(times.earliest, fire.saturating_add_micros(-1));
    let mut last = std::iter::successors(Some(times.latest), before);
    last.nth(max.saturating_sub(1) as usize).unwrap_or(times.earliest)
}

/// The oldest run time that is not too late, and the reason for which earlier ones are skipped. `None` if there is no
/// limit.
pub(super) fn oldest_allowed(due: &DueJob<'_>, now: Timestamp) -> Option<(Timestamp, SkipReason)> {
    let oldest = |limit: Option<Duration>, reason| {
        Some((now.saturating_sub(with_jitter(due.trigger, limit)?), reason))
    };
    let by_grace = oldest(due.options.misfire_grace_time, SkipReason::TooLate);
    let by_age = oldest(due.options.max_catch_up_age, SkipReason::CatchUpLimit);
    // The grace time is the reason if both are equal.
    by_age.into_iter().chain(by_grace).max_by_key(|(oldest, _)| *oldest)
}

/// Maximum delay of a start after the scheduled time: the grace time plus the maximum of the jitter.
pub(super) fn allowed_lateness(trigger: &dyn Trigger, options: &JobOptions) -> Option<Duration> {
    with_jitter(trigger, options.misfire_grace_time)
}

/// A limit for the lateness of a run, plus the maximum of the jitter.
fn with_jitter(trigger: &dyn Trigger, limit: Option<Duration>) -> Option<Duration> {
    let jitter = match trigger.jitter() {
        Some(Jitter::OneSided(delay) | Jitter::Symmetric(delay)) => delay,
        _ => Duration::ZERO,
    };
    Some(limit?.saturating_add(jitter))
}

pub(super) fn first_from(
    trigger: &dyn Trigger,
    from: Timestamp,
    until: Timestamp,
) -> Option<Timestamp> {
    trigger
        .next_fire_time(Some(from.saturating_add_micros(-1)), until)
        .filter(|&fire| fire <= until)
}

/// The last due run time: `next_run_time` itself, which need not be on the trigger's grid, or a later one on the grid.
pub(super) fn latest_until(due: &DueJob<'_>, now: Timestamp) -> Timestamp {
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
