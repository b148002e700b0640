//! A job that is added again at start-up keeps its next run time if its trigger is unchanged, even if a part of the
//! trigger defaults to the current time.

use std::sync::Arc;

use chrono::Weekday;
use punctual_core::{IntoTrigger, Timestamp, Trigger, TriggerDefaults, Zone};
use punctual_triggers::{
    AndTrigger, Calendar, CalendarIntervalTrigger, CronTrigger, DateTrigger, ExceptExt,
    IntervalTrigger, OrTrigger,
};

/// Builds the trigger `days` days after a fixed day.
fn built(builder: impl IntoTrigger, days: i64) -> Arc<dyn Trigger> {
    let now = Timestamp::from_seconds(1_772_445_600 + days * 86_400);
    let zone = Zone::utc();
    builder.into_trigger(&TriggerDefaults::new(zone, now)).unwrap()
}

macro_rules! same {
    ($builder:expr) => {{
        let (before, after) = (built($builder, 0), built($builder, 3));
        assert!(after.matches_spec(&before.spec()), "{after:?}");
        (before, after)
    }};
}

macro_rules! different {
    ($left:expr, $right:expr) => {
        assert!(!built($right, 0).matches_spec(&built($left, 0).spec()));
        assert!(!built($left, 0).matches_spec(&built($right, 0).spec()));
    };
}

#[test]
fn default_starts_are_ignored() {
    let (before, after) = same!(IntervalTrigger::minutes(5));
    assert_ne!(before.spec(), after.spec());
    let (before, after) = same!(CalendarIntervalTrigger::days(2).hour(5));
    assert_ne!(before.spec(), after.spec());
    let (before, after) = same!(DateTrigger::now());
    assert_ne!(before.spec(), after.spec());
}

#[test]
fn composite_triggers_compare_their_members() {
    same!(OrTrigger::of(IntervalTrigger::hours(1)).or(CronTrigger::builder().hour(5)));
    same!(AndTrigger::of(CalendarIntervalTrigger::days(3)).and(CronTrigger::builder().day("1-7")));
    same!(OrTrigger::of(AndTrigger::of(IntervalTrigger::hours(1))).end_date("2030-01-01"));
    same!(
        IntervalTrigger::hours(1)
            .except(Calendar::new().weekdays("sat,sun").days_of(CalendarIntervalTrigger::days(3)))
    );
    same!(Arc::new(built(IntervalTrigger::hours(1).start_date("2026-01-01"), 0)));
}

#[test]
fn different_settings_are_different_triggers() {
    different!(IntervalTrigger::minutes(5), IntervalTrigger::minutes(6));
    different!(IntervalTrigger::minutes(5), IntervalTrigger::minutes(5).max_runs(1));
    different!(IntervalTrigger::minutes(5), IntervalTrigger::minutes(5).timezone("Asia/Tokyo"));
    different!(
        IntervalTrigger::days(1).start_date("2026-01-01"),
        IntervalTrigger::days(1).start_date("2026-01-02")
    );
    // A start that was given differs from a default start even if it is the same instant.
    let start = Timestamp::from_seconds(1_772_445_600 + 300);
    different!(IntervalTrigger::minutes(5), IntervalTrigger::minutes(5).start_date(start));
    different!(DateTrigger::now(), DateTrigger::at(Timestamp::from_seconds(1_772_445_600)));
    different!(IntervalTrigger::days(1), CalendarIntervalTrigger::days(1));
    let hourly = || IntervalTrigger::hours(1);
    different!(OrTrigger::of(hourly()), AndTrigger::of(hourly()));
    different!(OrTrigger::of(hourly()), OrTrigger::of(hourly()).or(hourly()));
    different!(OrTrigger::of(hourly()), OrTrigger::of(IntervalTrigger::hours(2)));
    let sunday = || hourly().except(Weekday::Sun);
    different!(sunday(), hourly().except(Weekday::Sat));
    different!(sunday(), sunday().next_business_day());
    different!(sunday(), sunday().or(Calendar::new().date("2026-05-01")));
    different!(sunday(), sunday().or(Calendar::new().fires_of(hourly())));
    different!(OrTrigger::of(hourly()), OrTrigger::of(hourly()).start_date("2026-01-01"));
}
