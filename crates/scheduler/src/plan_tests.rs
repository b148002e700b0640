//! The rules of `plan`, as a table.

use std::time::Duration;

use punctual_core::{Coalesce, JobOptions, Recovery, Schedule, SkipReason, Timestamp, Trigger};
use punctual_triggers::IntervalTrigger;

use super::{DueJob, Plan, PlannedRun, Skipped, StartOrder, plan};

const COALESCED: SkipReason = SkipReason::Coalesced;
const TOO_LATE: SkipReason = SkipReason::TooLate;
const FULL: SkipReason = SkipReason::MaxInstances;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(seconds)
}

/// Every 10 seconds from 0 on, until 1000.
fn every_ten() -> punctual_triggers::IntervalTriggerBuilder {
    IntervalTrigger::seconds(10).start_date(at(0)).end_date(at(1_000)).timezone("UTC")
}

/// A job of `every_ten` whose next run time is 100.
struct Case {
    coalesce: Coalesce,
    grace: Option<u64>,
    max_instances: u32,
    running: u32,
    now: i64,
    recovery: Recovery,
    claims: u32,
}

const CASE: Case = Case {
    coalesce: Coalesce::Latest,
    grace: None,
    max_instances: 1,
    running: 0,
    now: 100,
    recovery: Recovery::Skip,
    claims: 1,
};

fn planned(case: &Case) -> Plan {
    let trigger = every_ten().build().unwrap();
    planned_with(&trigger, case, 0)
}

fn planned_with(trigger: &dyn Trigger, case: &Case, fire_count: u64) -> Plan {
    let options = JobOptions::new()
        .coalesce(case.coalesce)
        .misfire_grace_time(case.grace.map(Duration::from_secs))
        .max_instances(case.max_instances)
        .recovery(case.recovery);
    let due = DueJob {
        trigger,
        options: &options,
        next_run_time: at(100),
        fire_count,
        running: case.running,
        claims: case.claims,
        persistent: true,
    };
    plan(&due, at(case.now), &mut |below| below / 2)
}

/// Compares a plan with the expected runs, skipped fire times (first, last, reason), next run time and its due time.
#[track_caller]
fn expect(plan: &Plan, runs: &[i64], skipped: &[(i64, i64, SkipReason)], next: Option<(i64, i64)>) {
    let planned: Vec<_> = plan.runs.iter().map(|run| run.scheduled_time).collect();
    assert_eq!(planned, runs.iter().map(|&run| at(run)).collect::<Vec<_>>());
    let skipped = skipped.iter().map(|&(first, last, reason)| Skipped {
        first: at(first),
        last: at(last),
        reason,
    });
    assert_eq!(plan.skipped, skipped.collect::<Vec<_>>());
    let next = next.map(|(run, due)| Schedule { next_run_time: at(run), due_at: at(due) });
    assert_eq!(plan.next, next);
}

#[test]
fn a_job_on_time_runs_and_is_rescheduled() {
    expect(&planned(&CASE), &[100], &[], Some((110, 110)));
}

#[test]
fn without_a_grace_time_a_late_run_is_started() {
    expect(&planned(&Case { now: 109, ..CASE }), &[100], &[], Some((110, 110)));
}

#[test]
fn coalescing_keeps_the_latest_the_earliest_or_all() {
    let late = Case { now: 135, ..CASE };
    expect(&planned(&late), &[130], &[(100, 130, COALESCED)], Some((140, 140)));
    let earliest = Case { coalesce: Coalesce::Earliest, ..late };
    expect(&planned(&earliest), &[100], &[(100, 130, COALESCED)], Some((140, 140)));
    let all = Case { coalesce: Coalesce::All, max_instances: 9, now: 135, ..CASE };
    expect(&planned(&all), &[100, 110, 120, 130], &[], Some((140, 140)));
}

#[test]
fn coalesce_all_defers_runs_beyond_max_instances() {
    let all = Case { coalesce: Coalesce::All, max_instances: 2, now: 135, ..CASE };
    expect(&planned(&all), &[100, 110], &[], Some((120, 136)));
    let full = Case { running: 2, ..all };
    expect(&planned(&full), &[], &[], Some((100, 136)));
}

#[test]
fn a_run_later_than_its_grace_time_is_missed() {
    let missed = Case { grace: Some(5), now: 109, ..CASE };
    expect(&planned(&missed), &[], &[(100, 100, TOO_LATE)], Some((110, 110)));
    let exactly = Case { now: 105, ..missed };
    expect(&planned(&exactly), &[100], &[], Some((110, 110)));
}

#[test]
fn only_run_times_within_the_grace_time_are_coalesced() {
    let case = Case { grace: Some(15), now: 135, ..CASE };
    let skipped = [(100, 110, TOO_LATE), (120, 130, COALESCED)];
    expect(&planned(&case), &[130], &skipped, Some((140, 140)));
    let earliest = Case { coalesce: Coalesce::Earliest, ..case };
    expect(&planned(&earliest), &[120], &skipped, Some((140, 140)));
    let all = Case { coalesce: Coalesce::All, max_instances: 9, grace: Some(15), now: 135, ..CASE };
    expect(&planned(&all), &[120, 130], &[(100, 110, TOO_LATE)], Some((140, 140)));
}

#[test]
fn a_fire_time_beyond_max_instances_is_skipped_with_a_reason() {
    let full = Case { running: 1, ..CASE };
    expect(&planned(&full), &[], &[(100, 100, FULL)], Some((110, 110)));
    let late = Case { now: 125, ..full };
    expect(&planned(&late), &[], &[(100, 120, FULL)], Some((130, 130)));
    let more = Case { max_instances: 2, running: 1, ..CASE };
    expect(&planned(&more), &[100], &[], Some((110, 110)));
}

#[test]
fn a_job_finishes_after_its_last_fire_time() {
    let last = Case { now: 2_000, ..CASE };
    expect(&planned(&last), &[1_000], &[(100, 1_000, COALESCED)], None);
    let missed = Case { grace: Some(5), ..last };
    expect(&planned(&missed), &[], &[(100, 1_000, TOO_LATE)], None);
}

#[test]
fn a_next_run_time_off_the_grid_runs_and_the_following_is_on_the_grid() {
    let trigger = every_ten().start_date(at(3)).build().unwrap();
    expect(&planned_with(&trigger, &CASE, 0), &[100], &[], Some((103, 103)));
    let late = Case { now: 120, ..CASE };
    let plan = planned_with(&trigger, &late, 0);
    expect(&plan, &[113], &[(100, 113, COALESCED)], Some((123, 123)));
}

#[test]
fn jitter_delays_the_run_and_does_not_move_the_grid() {
    let trigger = every_ten().jitter(Duration::from_secs(4)).build().unwrap();
    // The random number is the middle of the range.
    expect(&planned_with(&trigger, &Case { now: 103, ..CASE }, 0), &[100], &[], Some((110, 112)));
    // Lateness counts from the end of the jitter range.
    let graced = Case { grace: Some(1), now: 105, ..CASE };
    expect(&planned_with(&trigger, &graced, 0), &[100], &[], Some((110, 112)));
    let later = Case { now: 106, ..graced };
    expect(&planned_with(&trigger, &later, 0), &[], &[(100, 100, TOO_LATE)], Some((110, 112)));
}

#[test]
fn jitter_never_reaches_the_following_fire_time() {
    let trigger = every_ten().jitter(Duration::from_secs(60)).build().unwrap();
    let plan = planned_with(&trigger, &CASE, 0);
    let due_at = at(120).saturating_add_micros(-1);
    assert_eq!(plan.next, Some(Schedule { next_run_time: at(110), due_at }));
}

#[test]
fn a_run_moved_earlier_by_jitter_keeps_its_scheduled_time() {
    expect(&planned(&Case { now: 97, ..CASE }), &[100], &[], Some((110, 110)));
}

#[test]
fn a_job_finishes_with_the_last_run_of_max_runs() {
    let trigger = every_ten().max_runs(3).build().unwrap();
    expect(&planned_with(&trigger, &CASE, 1), &[100], &[], Some((110, 110)));
    expect(&planned_with(&trigger, &CASE, 2), &[100], &[], None);
    let all = Case { coalesce: Coalesce::All, max_instances: 9, now: 135, ..CASE };
    expect(&planned_with(&trigger, &all, 1), &[100, 110], &[], None);
    // A skipped fire time does not count as a run.
    let full = Case { running: 1, ..CASE };
    expect(&planned_with(&trigger, &full, 2), &[], &[(100, 100, FULL)], Some((110, 110)));
}

#[test]
fn a_year_of_missed_run_times_coalesces_into_one_run() {
    let trigger = IntervalTrigger::seconds(1).start_date(at(0)).timezone("UTC").build().unwrap();
    let year = 365 * 86_400;
    let plan = planned_with(&trigger, &Case { now: year, ..CASE }, 0);
    expect(&plan, &[year], &[(100, year, COALESCED)], Some((year + 1, year + 1)));
    let all = Case { coalesce: Coalesce::All, max_instances: u32::MAX, now: year, ..CASE };
    let plan = planned_with(&trigger, &all, 0);
    assert_eq!(plan.runs.len(), 64, "one pass plans at most 64 runs of a job");
    assert_eq!(plan.next.unwrap().next_run_time, at(164));
}

#[test]
fn only_a_single_run_in_time_starts_under_its_claim() {
    let rerun = Case { recovery: Recovery::Rerun, ..CASE };
    let order = |case: Case| planned(&case).start;
    assert_eq!(order(CASE), StartOrder::AfterCommit);
    assert_eq!(order(rerun), StartOrder::UnderClaim);
    let cases = [
        Case { now: 115, recovery: Recovery::Rerun, ..CASE },
        Case { running: 1, recovery: Recovery::Rerun, ..CASE },
        Case { now: 115, grace: Some(5), recovery: Recovery::Rerun, ..CASE },
        Case { now: 115, coalesce: Coalesce::Earliest, recovery: Recovery::Rerun, ..CASE },
        Case { now: 115, coalesce: Coalesce::All, recovery: Recovery::Rerun, ..CASE },
    ];
    for (number, case) in cases.into_iter().enumerate() {
        assert_eq!(order(case), StartOrder::Recorded, "case {number}");
    }
}

#[test]
fn a_run_of_an_unsettled_claim_is_repeated_however_late_it_is() {
    let again = Case {
        recovery: Recovery::Rerun,
        claims: 2,
        now: 135,
        grace: Some(1),
        coalesce: Coalesce::All,
        ..CASE
    };
    let plan = planned(&again);
    let run = PlannedRun { scheduled_time: at(100), deadline: None };
    assert_eq!((&plan.runs[..], plan.start), (&[run][..], StartOrder::UnderClaim));
    // The next claim plans the later run times.
    expect(&plan, &[100], &[], Some((110, 110)));
    assert_eq!((plan.fire_count, plan.has_deferred_runs), (1, false));

    // Runs of `Recovery::Skip` are not started under a claim.
    let skip = planned(&Case { recovery: Recovery::Skip, ..again });
    assert!(!skip.runs.iter().any(|run| run.scheduled_time == at(100)));
}

#[test]
fn a_repeated_run_waits_for_a_free_instance() {
    let full = Case { recovery: Recovery::Rerun, claims: 2, running: 1, ..CASE };
    let plan = planned(&full);
    assert_eq!(plan.postponed_until, Some(at(101)));
    expect(&plan, &[], &[], None);
}
