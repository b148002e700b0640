//! Parsing: from text (or a builder) to a schedule.

use std::hint::black_box;

use criterion::BenchmarkId;
use punctual_benches::{EXPRESSIONS, croner_parser};
use punctual_core::Zone;

fn main() {
    let mut criterion = punctual_benches::criterion();
    // The other crates take the zone when a fire time is computed; Punctual's is looked up once, as in a scheduler.
    let zone = Zone::named("Europe/Helsinki").expect("a zone of the bundled database");
    let parser = croner_parser();
    let mut group = criterion.benchmark_group("parse");
    for expression in &EXPRESSIONS {
        group.bench_function(BenchmarkId::new("punctual", expression.name), |bencher| {
            bencher.iter(|| black_box(expression.punctual)().timezone(&zone).build());
        });
        if expression.croner.is_some() {
            group.bench_function(BenchmarkId::new("croner", expression.name), |bencher| {
                bencher.iter(|| black_box(expression).croner(&parser));
            });
        }
        if expression.cron.is_some() {
            group.bench_function(BenchmarkId::new("cron", expression.name), |bencher| {
                bencher.iter(|| black_box(expression).cron());
            });
        }
    }
    group.finish();
    criterion.final_summary();
}
