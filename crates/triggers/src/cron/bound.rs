//! How many searches for a wall time the worst triggers take.

use std::cell::Cell;

use punctual_core::ZoneDatabase;

use super::CronTrigger;
use super::pattern::Pattern;
use crate::civil::{Gap, Timeline, WallTimes};

struct Counted<'p>(&'p Pattern, Cell<u32>);

impl WallTimes for Counted<'_> {
    fn at_or_after(&self, civil: i64) -> Option<i64> {
        self.1.set(self.1.get() + 1);
        self.0.at_or_after(civil)
    }

    fn at_or_before(&self, civil: i64) -> Option<i64> {
        self.1.set(self.1.get() + 1);
        self.0.at_or_before(civil)
    }
}

/// 1970, 2026, 2100, 2500, 9990.
const STARTS: [i64; 5] = [0, 1_767_225_600, 4_102_444_800, 16_725_225_600, 253_086_768_000];

#[test]
fn fires_are_found_in_few_searches() {
    let yearly = |builder: super::CronTriggerBuilder| builder.day_of_week("sun").hour(3).minute(30);
    let triggers = [
        // Always in the gap of Helsinki and its like.
        yearly(CronTrigger::builder().month(3).day("25-31")).gap(Gap::Skip),
        yearly(CronTrigger::builder().year("2027-9990").month(3).day("last sun")).gap(Gap::Skip),
        // Only on 29 February outside of it.
        yearly(CronTrigger::builder().month("2,3").day(29)).gap(Gap::Skip),
        CronTrigger::builder().month(2).day(29).day_of_week("mon"),
        CronTrigger::from_crontab("0 0 30 2 *"),
        CronTrigger::from_crontab("30 * * * *"),
    ];
    // To make it, which finds the last fire of all; and to find the next fire.
    let mut worst = (0, 0);
    let database = ZoneDatabase::bundled();
    for builder in triggers {
        let trigger = builder.timezone("UTC").build().unwrap();
        for name in database.names() {
            let zone = database.get(&name).unwrap();
            let timeline = Timeline { zone, ..trigger.timeline.clone() };
            let count = |search: &dyn Fn(&Counted<'_>) -> Option<i64>| {
                let walls = Counted(&trigger.pattern, Cell::new(0));
                (search(&walls), walls.1.get())
            };
            let end = 253_402_300_799;
            let (last, searches) = count(&|walls| timeline.at_or_before(walls, end));
            worst.0 = worst.0.max(searches);
            for start in STARTS.into_iter().filter(|&start| last.is_some_and(|last| start <= last))
            {
                let (_, searches) = count(&|walls| timeline.at_or_after(walls, start));
                worst.1 = worst.1.max(searches);
            }
        }
    }
    // Made once: at most a search for each of two changes of the clock in each of 8,030 years. Asked for the next
    // fire: a handful, whatever the zone and the year.
    assert!((16_000..=16_060).contains(&worst.0), "to make: {worst:?}");
    assert!((2..=10).contains(&worst.1), "to find the next: {worst:?}");
}
