//! Measures the number of local-time searches that the most expensive triggers require.

use std::cell::Cell;

use punctual_core::ZoneDatabase;

use super::CronTrigger;
use super::cron_times::CronTimes;
use crate::civil::{Gap, LocalTimeResolver, LocalTimeSet};

struct CountingTimes<'p>(&'p CronTimes, Cell<u32>);

impl LocalTimeSet for CountingTimes<'_> {
    fn at_or_after(&self, civil: i64) -> Option<i64> {
        self.1.set(self.1.get() + 1);
        self.0.at_or_after(civil)
    }

    fn at_or_before(&self, civil: i64) -> Option<i64> {
        self.1.set(self.1.get() + 1);
        self.0.at_or_before(civil)
    }
}

/// The starts of the years 1970, 2026, 2100, 2500 and 9990.
const STARTS: [i64; 5] = [0, 1_767_225_600, 4_102_444_800, 16_725_225_600, 253_086_768_000];

#[test]
fn fire_times_are_found_in_few_searches() {
    let yearly = |builder: super::CronTriggerBuilder| builder.day_of_week("sun").hour(3).minute(30);
    let triggers = [
        // Always in the gap of Europe/Helsinki and similar zones.
        yearly(CronTrigger::builder().month(3).day("25-31")).gap(Gap::Skip),
        yearly(CronTrigger::builder().year("2027-9990").month(3).day("last sun")).gap(Gap::Skip),
        // Outside of the gap only on 29 February.
        yearly(CronTrigger::builder().month("2,3").day(29)).gap(Gap::Skip),
        CronTrigger::builder().month(2).day(29).day_of_week("mon"),
        CronTrigger::from_crontab("0 0 30 2 *"),
        CronTrigger::from_crontab("30 * * * *"),
    ];
    // The maximum number of searches to build a trigger, which computes its last fire time, and to compute the next
    // fire time.
    let mut worst = (0, 0);
    let database = ZoneDatabase::bundled();
    for builder in triggers {
        let trigger = builder.timezone("UTC").build().unwrap();
        for name in database.names() {
            let zone = database.get(&name).unwrap();
            let resolver = LocalTimeResolver { zone, ..trigger.resolver.clone() };
            let count = |search: &dyn Fn(&CountingTimes<'_>) -> Option<i64>| {
                let local_times = CountingTimes(&trigger.local_times, Cell::new(0));
                (search(&local_times), local_times.1.get())
            };
            let end = 253_402_300_799;
            let (last, searches) = count(&|local_times| resolver.at_or_before(local_times, end));
            worst.0 = worst.0.max(searches);
            for start in STARTS.into_iter().filter(|&start| last.is_some_and(|last| start <= last))
            {
                let (_, searches) = count(&|local_times| resolver.at_or_after(local_times, start));
                worst.1 = worst.1.max(searches);
            }
        }
    }
    // Building a trigger takes at most one search for each of two transitions in each of 8,030 years. Computing the
    // next fire time takes a handful, regardless of the zone and the year.
    assert!((16_000..=16_060).contains(&worst.0), "to build: {worst:?}");
    assert!((2..=10).contains(&worst.1), "to compute the next fire time: {worst:?}");
}
