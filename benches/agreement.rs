//! Tests that the compared crates compute the same fire times as Punctual for the inputs of the benchmarks, if they
//! support the expression.

use chrono::{DateTime, TimeZone};
use chrono_tz::Tz;
use punctual_benches::{EXPRESSIONS, ZONES, croner_parser, instants};
use punctual_core::{Timestamp, Trigger, ZoneDatabase};

#[test]
fn the_peers_agree() {
    ZoneDatabase::bundled().install();
    let mut compared = 0;
    for (name, expression) in ZONES.iter().flat_map(|name| EXPRESSIONS.map(|e| (name, e))) {
        let zone: Tz = name.parse().unwrap();
        let trigger = expression.trigger(zone);
        let croner = expression.croner(&croner_parser());
        let cron = expression.cron();
        // `croner` takes seconds in a debug build to determine that there is no fire time.
        let count = if expression.name.starts_with("never") { 1 } else { 32 };
        for &seconds in instants().iter().take(count) {
            let now = zone.timestamp_opt(seconds, 0).unwrap();
            let instant = Timestamp::from_seconds(seconds);
            let expected = trigger.next_fire_time(Some(instant), instant);
            let results: [Option<DateTime<Tz>>; 2] = [
                croner.as_ref().and_then(|croner| croner.find_next_occurrence(&now, false).ok()),
                cron.as_ref().and_then(|cron| cron.after(&now).next()),
            ];
            for actual in results.into_iter().flatten() {
                assert_eq!(
                    expected,
                    Some(actual.into()),
                    "{} in {name} after {now}",
                    expression.name
                );
                compared += 1;
            }
        }
    }
    assert!(compared > 1_000, "{compared}");
}
