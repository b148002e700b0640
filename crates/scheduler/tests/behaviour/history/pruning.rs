//! Pruning of history entries.

use std::time::Duration;

use punctual_scheduler::HistoryOptions;
use punctual_triggers::IntervalTrigger;

use super::{brief, fixture, read};
use crate::common::{Pruning, SchedulerFixture, at, note};

const MINUTE: Duration = Duration::from_secs(60);

/// Lets the tasks beside the passes make progress.
fn yield_to_pruning(fixture: &SchedulerFixture) {
    fixture.block_on(async {
        for _ in 0..1_000 {
            tokio::task::yield_now().await;
        }
    });
}

fn add(fixture: &SchedulerFixture, id: &str, seconds: u64, until: i64) {
    let trigger = IntervalTrigger::seconds(seconds).start_date(at(0)).end_date(at(until));
    fixture.block_on(fixture.job(note(id.into())).id(id).trigger(trigger).add()).unwrap();
}

/// Advances minute by minute, so that the pruning beside the passes keeps up.
fn run_minutes(fixture: &SchedulerFixture, from: i64, to: i64) {
    for minute in from..=to {
        fixture.run_until(minute * 60);
        yield_to_pruning(fixture);
    }
}

#[test]
fn old_entries_are_pruned() {
    let options = HistoryOptions::enabled().max_age(MINUTE * 10).max_per_job(None);
    let (fixture, _) = fixture(options, |builder| builder);
    add(&fixture, "a", 1, 1_499);
    run_minutes(&fixture, 0, 25);
    // Pruning runs at least every 90 seconds, so entries may be kept that much longer.
    let kept = read(&fixture);
    assert!((600..=720).contains(&kept.len()), "{}", kept.len());
    assert_eq!(kept[0].finished, at(1_499));
    run_minutes(&fixture, 26, 38);
    assert_eq!(brief(&fixture), [""; 0]);
}

#[test]
fn only_the_newest_entries_of_each_job_are_kept() {
    let options = HistoryOptions::enabled().max_age(None).max_per_job(3);
    let (fixture, _) = fixture(options, |builder| builder);
    add(&fixture, "often", 1, 599);
    add(&fixture, "seldom", 400, 400);
    run_minutes(&fixture, 0, 13);
    let often = ["often@599 success 1", "often@598 success 1", "often@597 success 1"];
    assert_eq!(brief(&fixture)[..3], often);
    assert_eq!(brief(&fixture)[3..], ["seldom@400 success 1", "seldom@0 success 1"]);
}

#[test]
fn without_limits_nothing_is_pruned() {
    let (fixture, _) =
        fixture(HistoryOptions::enabled().max_age(None).max_per_job(None), |builder| builder);
    add(&fixture, "a", 1, 899);
    run_minutes(&fixture, 0, 20);
    assert_eq!(read(&fixture).len(), 900);
}

#[test]
fn default_limits_apply() {
    let (fixture, _) = fixture(HistoryOptions::enabled(), |builder| builder);
    add(&fixture, "a", 1, 2_399);
    run_minutes(&fixture, 0, 43);
    // The entries of a job are checked on one of 251 runs, so there may temporarily be some more.
    assert!(read(&fixture).len() >= 1_000);
    fixture.run_until(32 * 86_400);
    yield_to_pruning(&fixture);
    assert_eq!(read(&fixture).len(), 0, "after 30 days");
}

#[test]
fn a_pruning_failure_does_not_affect_jobs() {
    let options = HistoryOptions::enabled().max_age(MINUTE).max_per_job(1);
    let (fixture, faults) = fixture(options, |builder| builder);
    faults.set_pruning(Pruning::Fails);
    add(&fixture, "a", 10, 100_000);
    run_minutes(&fixture, 0, 10);
    assert_eq!(fixture.log.len(), 61);
    assert_eq!(fixture.events.with_prefix("JOBSTORE_FAILED"), [""; 0]);
    assert!(fixture.health().is_ok() && read(&fixture).len() == 61);
    faults.set_pruning(Pruning::Works);
    run_minutes(&fixture, 11, 13);
    assert!(read(&fixture).len() < 20, "{:?}", brief(&fixture));
}

#[test]
fn pruning_does_not_begin_again_before_it_has_ended() {
    let options = HistoryOptions::enabled().max_age(MINUTE).max_per_job(None);
    let (fixture, faults) = fixture(options, |builder| builder);
    faults.set_pruning(Pruning::Waits);
    add(&fixture, "a", 10, 100_000);
    run_minutes(&fixture, 0, 10);
    assert_eq!(faults.prunings(), 1);
    // Unless its call hangs.
    run_minutes(&fixture, 11, 20);
    assert_eq!(faults.prunings(), 2);
    assert_eq!(read(&fixture).len(), 121);
    faults.set_pruning(Pruning::Works);
    run_minutes(&fixture, 21, 24);
    assert!(faults.prunings() > 2);
    assert!(read(&fixture).len() < 20, "{:?}", brief(&fixture));
}

#[test]
fn each_of_many_jobs_is_pruned() {
    let options = HistoryOptions::enabled().max_age(None).max_per_job(40);
    let (fixture, _) = fixture(options, |builder| builder);
    // More than one call trims.
    for number in 0..120 {
        add(&fixture, &format!("job-{number}"), 10, 1_000);
    }
    run_minutes(&fixture, 0, 20);
    let mut counts = std::collections::HashMap::<_, usize>::new();
    for entry in read(&fixture) {
        *counts.entry(entry.job.job_id).or_default() += 1;
    }
    assert_eq!(counts.len(), 120);
    // A job is checked on one of eleven runs, so few have many more.
    let over = counts.values().filter(|&&count| count > 80).count();
    assert!(over < 12, "{counts:?}");
}
