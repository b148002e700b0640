//! A year of schedules over both changes of the clocks, run by the manual scheduler in moments.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use punctual_core::{IntoTrigger, Timestamp};
use punctual_store_memory::MemoryJobStore;
use punctual_testkit::ManualScheduler;
use punctual_triggers::{CronTrigger, DateTrigger, IntervalTrigger};

fn helsinki(text: &str) -> Timestamp {
    DateTrigger::at(text).timezone("Europe/Helsinki").build().unwrap().run_date()
}

/// Adds a job that counts its runs.
fn count(
    scheduler: &ManualScheduler,
    trigger: impl IntoTrigger + Send + 'static,
) -> Arc<AtomicU64> {
    let runs = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&runs);
    let added = scheduler
        .add_job(move || {
            counter.fetch_add(1, Ordering::Relaxed);
        })
        .trigger(trigger)
        .add();
    scheduler.block_on(added).unwrap();
    runs
}

/// When the one-second interval begins: with the year, or, where nothing is optimized, so late that the
/// year still ends within moments.
fn seconds_begin(year: Timestamp) -> Timestamp {
    if cfg!(debug_assertions) { helsinki("2026-12-31 18:00:00") } else { year }
}

#[test]
fn a_year_fires_exactly_as_often_as_it_should() {
    let begin = helsinki("2026-01-01 00:00:00");
    let last = helsinki("2026-12-31 23:59:59");
    let scheduler = ManualScheduler::start(begin, |builder| {
        builder.job_store("default", MemoryJobStore::new()).timezone("Europe/Helsinki")
    })
    .unwrap();
    let every_five_minutes = count(&scheduler, CronTrigger::new().minute("*/5"));
    let daily = count(&scheduler, CronTrigger::new().hour(2).minute(30));
    // Does not exist on 29 March and exists twice on 25 October.
    let daily_at_the_change = count(&scheduler, CronTrigger::new().hour(3).minute(30));
    let seconds = seconds_begin(begin);
    let every_second = count(&scheduler, IntervalTrigger::seconds(1).start_date(seconds));
    scheduler.advance_to(last);
    let days = 365;
    assert_eq!(every_five_minutes.load(Ordering::Relaxed), days * 24 * 12);
    assert_eq!(daily.load(Ordering::Relaxed), days);
    assert_eq!(daily_at_the_change.load(Ordering::Relaxed), days);
    let expected = last.saturating_since(seconds).as_secs() + 1;
    assert_eq!(every_second.load(Ordering::Relaxed), expected);
    if !cfg!(debug_assertions) {
        assert_eq!(expected, days * 86_400);
    }
}
