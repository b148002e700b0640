//! Clocks that are set forward or back.

use punctual_core::{Clock, Coalesce, Recovery};
use punctual_triggers::IntervalTrigger;

use crate::common::{Call, Fault, SchedulerFixture, TempStore, at, faulty, note};

fn fixture(coalesce: Coalesce) -> (SchedulerFixture, TempStore) {
    let file = TempStore::new();
    let fixture = SchedulerFixture::new(|builder| builder.job_store("default", file.store()));
    let job = fixture.job(note("job".into())).id("job").coalesce(coalesce);
    let trigger = IntervalTrigger::seconds(10).start_date(at(10));
    fixture.block_on(job.recovery(Recovery::Rerun).trigger(trigger).add()).unwrap();
    (fixture, file)
}

#[test]
fn no_fire_time_runs_twice_after_the_clock_is_set_back() {
    let (fixture, _file) = fixture(Coalesce::Latest);
    fixture.run_until(30);
    fixture.clock().set(at(5));
    fixture.run_until(39);
    assert_eq!(fixture.log.lines(), ["job@10", "job@20", "job@30"]);
    fixture.run_until(40);
    assert_eq!(fixture.log.lines()[3..], ["job@40"]);
    assert!(fixture.health().is_ok());
}

#[test]
fn passes_continue_after_the_clock_is_set_back_by_years() {
    let (fixture, _file) = fixture(Coalesce::Latest);
    fixture.run_until(30);
    fixture.clock().set(at(-100_000_000));
    let next = fixture.pass();
    let wait = next.map(|next| next.saturating_since(fixture.clock().now()));
    assert!(wait.is_some_and(|wait| wait.as_secs() <= 10), "{wait:?}");
    assert_eq!(fixture.log.len(), 3);
}

#[test]
fn store_is_retried_soon_after_the_clock_is_set_back() {
    let file = TempStore::new();
    let store = faulty(file.store());
    let faults = store.0.faults.clone();
    let fixture = SchedulerFixture::new(|builder| builder.job_store("default", store));
    faults.set(Call::NextWakeup, Fault::NotApplied);
    fixture.run_until(100);
    faults.clear();
    fixture.clock().set(at(-1_000));
    fixture.run_until(-980);
    assert!(fixture.health().is_ok());
}

#[test]
fn jobs_follow_their_policies_after_the_clock_is_set_forward() {
    let (fixture, _file) = fixture(Coalesce::Latest);
    fixture.run_until(10);
    fixture.jump_to(100_005);
    assert_eq!(fixture.log.lines(), ["job@10", "job@100000"]);
    assert_eq!(fixture.events.with_prefix("JOB_COALESCED"), ["JOB_COALESCED job"]);
    let (fixture, _file) = self::fixture(Coalesce::Earliest);
    fixture.jump_to(45);
    assert_eq!(fixture.log.lines(), ["job@10"]);
    fixture.run_until(50);
    assert_eq!(fixture.log.lines(), ["job@10", "job@50"]);
    let (fixture, _file) = self::fixture(Coalesce::All);
    fixture.jump_to(45);
    assert_eq!(fixture.log.lines(), ["job@10", "job@20", "job@30", "job@40"]);
}
