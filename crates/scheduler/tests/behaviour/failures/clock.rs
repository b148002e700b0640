//! Clocks that are set forward or back.

use punctual_core::{Clock, Coalesce, Recovery};
use punctual_triggers::IntervalTrigger;

use crate::common::{Call, Fault, File, Rig, at, faulty, note};

fn rig(coalesce: Coalesce) -> (Rig, File) {
    let file = File::new();
    let rig = Rig::new(|builder| builder.job_store("default", file.store()));
    let job = rig.job(note("job".into())).id("job").coalesce(coalesce);
    let trigger = IntervalTrigger::seconds(10).start_date(at(10));
    rig.block_on(job.recovery(Recovery::Rerun).trigger(trigger).add()).unwrap();
    (rig, file)
}

#[test]
fn no_fire_time_runs_twice_after_the_clock_is_set_back() {
    let (rig, _file) = rig(Coalesce::Latest);
    rig.run_until(30);
    rig.clock().set(at(5));
    rig.run_until(39);
    assert_eq!(rig.log.lines(), ["job@10", "job@20", "job@30"]);
    rig.run_until(40);
    assert_eq!(rig.log.lines()[3..], ["job@40"]);
    assert!(rig.health().is_ok());
}

#[test]
fn passes_continue_after_the_clock_is_set_back_by_years() {
    let (rig, _file) = rig(Coalesce::Latest);
    rig.run_until(30);
    rig.clock().set(at(-100_000_000));
    let next = rig.pass();
    let wait = next.map(|next| next.saturating_since(rig.clock().now()));
    assert!(wait.is_some_and(|wait| wait.as_secs() <= 10), "{wait:?}");
    assert_eq!(rig.log.len(), 3);
}

#[test]
fn store_is_retried_soon_after_the_clock_is_set_back() {
    let file = File::new();
    let store = faulty(file.store());
    let faults = store.0.faults.clone();
    let rig = Rig::new(|builder| builder.job_store("default", store));
    faults.set(Call::NextWakeup, Fault::Before);
    rig.run_until(100);
    faults.clear();
    rig.clock().set(at(-1_000));
    rig.run_until(-980);
    assert!(rig.health().is_ok());
}

#[test]
fn jobs_follow_their_policies_after_the_clock_is_set_forward() {
    let (rig, _file) = rig(Coalesce::Latest);
    rig.run_until(10);
    rig.jump_to(100_005);
    assert_eq!(rig.log.lines(), ["job@10", "job@100000"]);
    assert_eq!(rig.events.of("JOB_COALESCED"), ["JOB_COALESCED job"]);
    let (rig, _file) = self::rig(Coalesce::Earliest);
    rig.jump_to(45);
    assert_eq!(rig.log.lines(), ["job@10"]);
    rig.run_until(50);
    assert_eq!(rig.log.lines(), ["job@10", "job@50"]);
    let (rig, _file) = self::rig(Coalesce::All);
    rig.jump_to(45);
    assert_eq!(rig.log.lines(), ["job@10", "job@20", "job@30", "job@40"]);
}
