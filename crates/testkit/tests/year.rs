//! A year of schedules with both time zone transitions, run by the manual scheduler.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

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
        .job(move || {
            counter.fetch_add(1, Ordering::Relaxed);
        })
        .trigger(trigger)
        .add();
    scheduler.block_on(added).unwrap();
    runs
}

/// How long before and after a transition a job runs each second.
const AROUND: Duration = Duration::from_secs(3 * 3_600);

/// Runs half a year with a time zone transition. The halves are separate tests, so that they run in parallel.
fn half(begin: &str, transition: &str, last: &str, days: u64, hour: i64) {
    let (begin, last) = (helsinki(begin), helsinki(last));
    let transition: Timestamp = transition.parse().unwrap();
    let scheduler = ManualScheduler::start(begin, |builder| {
        builder.job_store("default", MemoryJobStore::new()).timezone("Europe/Helsinki")
    })
    .unwrap();
    let every_five_minutes = count(&scheduler, CronTrigger::builder().minute("*/5"));
    let daily = count(&scheduler, CronTrigger::builder().hour(2).minute(30));
    // 03:30 does not exist on 29 March and occurs twice on 25 October.
    let daily_at_the_change = count(&scheduler, CronTrigger::builder().hour(3).minute(30));
    let every_second = IntervalTrigger::seconds(1)
        .start_date(transition.saturating_sub(AROUND))
        .end_date(transition.saturating_add(AROUND));
    let every_second = count(&scheduler, every_second);
    scheduler.advance_to(last);
    let hours = (days * 24).saturating_add_signed(hour);
    assert_eq!(every_five_minutes.load(Ordering::Relaxed), hours * 12);
    assert_eq!(daily.load(Ordering::Relaxed), days);
    assert_eq!(daily_at_the_change.load(Ordering::Relaxed), days);
    assert_eq!(every_second.load(Ordering::Relaxed), 2 * AROUND.as_secs() + 1);
}

#[test]
fn half_a_year_with_a_gap_has_the_exact_number_of_runs() {
    half("2026-01-01 00:00:00", "2026-03-29T01:00:00Z", "2026-06-30 23:59:59", 181, -1);
}

#[test]
fn half_a_year_with_a_fold_has_the_exact_number_of_runs() {
    half("2026-07-01 00:00:00", "2026-10-25T01:00:00Z", "2026-12-31 23:59:59", 184, 1);
}
