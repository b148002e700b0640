//! Common fire times of And triggers: computed for intervals, searched within a limit for others.

use punctual_core::{Timestamp, Trigger};
use punctual_triggers::{AndTrigger, CronTrigger, IntervalTrigger};

const START: &str = "2026-01-01T00:00:00Z";
const NOW: Timestamp = Timestamp::from_seconds(1_767_225_600);

fn every(seconds: u64, start: &str) -> punctual_triggers::IntervalTriggerBuilder {
    IntervalTrigger::seconds(seconds).start_date(start)
}

#[test]
fn common_fire_times_of_intervals_are_computed_without_a_search() {
    // The intervals are primes: there is one common fire time in 3170 years.
    let (left, right) = (every(316_231, START), every(316_223, "2026-01-01T00:00:01Z"));
    let rare = AndTrigger::of(left).and(right).build().unwrap();
    let first = rare.next_fire_time(None, NOW).unwrap();
    let second = rare.next_fire_time(Some(first), NOW).unwrap();
    assert_eq!((second.as_micros() - first.as_micros()) / 1_000_000, 316_231 * 316_223);
    assert_eq!(rare.latest_fire_time(NOW, second), Some(second));
    let before = second.saturating_add_micros(-1);
    assert_eq!(rare.latest_fire_time(NOW, before), Some(first));
    // There is no common fire time: one fires on even seconds, the other on odd ones.
    let (even, odd) = (every(2, START), every(4, "2026-01-01T00:00:01Z"));
    let never = AndTrigger::of(even).and(odd).build().unwrap();
    assert_eq!(never.next_fire_time(None, NOW), None);
    assert_eq!(never.latest_fire_time(NOW, Timestamp::MAX), None);
    // Three intervals, one of which starts later and one of which has an end date, and a cron trigger.
    let all = AndTrigger::of(every(600, START))
        .and(every(900, "2026-01-02T00:00:00Z"))
        .and(every(1500, START).end_date("2026-01-05T00:00:00Z"))
        .and(CronTrigger::builder().hour("*/6").timezone("UTC"))
        .build()
        .unwrap();
    let first = all.next_fire_time(None, NOW).unwrap();
    assert_eq!(first.to_string(), "2026-01-02T06:00:00Z");
    assert_eq!(
        all.latest_fire_time(NOW, Timestamp::MAX).unwrap().to_string(),
        "2026-01-04T18:00:00Z"
    );
}

#[test]
fn a_search_without_a_result_terminates() {
    let never = AndTrigger::of(CronTrigger::builder().hour(3).timezone("UTC"))
        .and(CronTrigger::builder().hour(4).timezone("UTC"))
        .build()
        .unwrap();
    assert_eq!(never.next_fire_time(None, NOW), None);
    assert_eq!(never.latest_fire_time(NOW, Timestamp::MAX), None);
}
