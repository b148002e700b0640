//! Coalescing of missed fire times, one for every second: the trigger calls of a scheduler after a pause.

use std::hint::black_box;

use criterion::BenchmarkId;
use punctual_core::{Timestamp, Trigger};
use punctual_triggers::{CronTrigger, IntervalTrigger, OrTrigger};

const DAY: i64 = 86_400;
const PAUSES: [(&str, i64); 4] =
    [("1 day", DAY), ("1 month", 30 * DAY), ("1 year", 365 * DAY), ("10 years", 3652 * DAY)];
/// 2026-03-02T12:00:00Z.
const MISSED_FIRST: i64 = 1_772_452_800;

fn main() {
    let mut criterion = punctual_benches::criterion();
    let cron = || CronTrigger::builder().timezone("Europe/Helsinki");
    let interval = || IntervalTrigger::seconds(1).start_date("2026-01-01T00:00:00Z");
    let either = OrTrigger::of(cron()).or(interval());
    let triggers: [(&str, Box<dyn Trigger>); 3] = [
        ("cron", Box::new(cron().build().expect("a valid trigger"))),
        ("interval", Box::new(interval().build().expect("a valid trigger"))),
        ("or", Box::new(either.build().expect("valid members"))),
    ];
    let first = Timestamp::from_seconds(MISSED_FIRST);
    let mut group = criterion.benchmark_group("coalesce");
    for (kind, trigger) in &triggers {
        for (name, pause) in PAUSES {
            let now = Timestamp::from_seconds(MISSED_FIRST + pause);
            group.bench_function(BenchmarkId::new(*kind, name), |bencher| {
                bencher.iter(|| {
                    let now = black_box(now);
                    let latest = trigger.latest_fire_time(first, now);
                    (latest, trigger.next_fire_time(latest, now))
                });
            });
        }
    }
    group.finish();
    criterion.final_summary();
}
