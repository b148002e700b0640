//! The first fire time strictly after an instant, for the same expressions and instants in each crate.

use std::hint::black_box;

use chrono::{DateTime, TimeZone};
use chrono_tz::Tz;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion};
use punctual_benches::{CpuTime, EXPRESSIONS, ZONES, croner_parser, instants};
use punctual_core::{Timestamp, Trigger};

/// Calls `next` with each instant in turn.
fn measure<T: Copy, R>(
    group: &mut BenchmarkGroup<'_, CpuTime>,
    crate_name: &str,
    expression: &str,
    instants: &[T],
    next: impl Fn(T) -> R,
) {
    let mut cycle = instants.iter().cycle();
    group.bench_function(BenchmarkId::new(crate_name, expression), |bencher| {
        bencher.iter(|| {
            let &instant = cycle.next().expect("the cycle is infinite");
            next(black_box(instant))
        });
    });
}

fn zone(criterion: &mut Criterion<CpuTime>, name: &str) {
    let zone: Tz = name.parse().expect("a zone of chrono-tz");
    let timestamps: Vec<_> = instants().into_iter().map(Timestamp::from_seconds).collect();
    let date_times: Vec<_> =
        instants().into_iter().map(|seconds| zone.timestamp_opt(seconds, 0).unwrap()).collect();
    let mut group = criterion.benchmark_group(format!("next fire, {name}"));
    for expression in &EXPRESSIONS {
        let trigger = expression.trigger(zone);
        let next = |now| trigger.next_fire_time(Some(now), now);
        measure(&mut group, "punctual", expression.name, &timestamps, next);
        if let Some(schedule) = expression.croner(&croner_parser()) {
            let next = |now: DateTime<Tz>| schedule.find_next_occurrence(&now, false);
            measure(&mut group, "croner", expression.name, &date_times, next);
        }
        if let Some(schedule) = expression.cron() {
            let next = |now: DateTime<Tz>| schedule.after(&now).next();
            measure(&mut group, "cron", expression.name, &date_times, next);
        }
    }
    group.finish();
}

fn main() {
    let mut criterion = punctual_benches::criterion();
    for name in ZONES {
        zone(&mut criterion, name);
    }
    criterion.final_summary();
}
