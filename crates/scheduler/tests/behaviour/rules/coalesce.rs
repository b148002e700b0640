//! Several run times that are due at once.

use punctual_core::{Coalesce, Event, JobStore, Recovery, SkipReason};
use punctual_store_memory::MemoryJobStore;
use punctual_triggers::IntervalTrigger;

use crate::common::{File, Held, Rig, at, note};

/// A job at 10, 20 .. 90, found by the scheduler at second 35.
fn late(store: impl JobStore, coalesce: Coalesce, max_instances: u32) -> (Rig, Held) {
    let held = Held::default();
    let rig =
        Rig::new(|builder| builder.job_store("default", store).executor("default", held.clone()));
    let job = rig.job(note("job".into())).id("job").coalesce(coalesce);
    let trigger = IntervalTrigger::seconds(10).start_date(at(10)).end_date(at(90));
    rig.block_on(job.max_instances(max_instances).trigger(trigger).add()).unwrap();
    rig.jump_to(35);
    (rig, held)
}

fn passed_over(rig: &Rig) -> Vec<(i64, i64)> {
    let second = |instant: punctual_core::Timestamp| {
        i64::try_from(instant.saturating_since(at(0)).as_secs()).unwrap()
    };
    let events = rig.events.all();
    let passed = events.iter().filter_map(|event| match event {
        Event::JobCoalesced(skipped) => {
            assert_eq!(skipped.reason, SkipReason::Coalesced);
            Some((second(skipped.first), second(skipped.last)))
        }
        _ => None,
    });
    passed.collect()
}

#[test]
fn the_latest_or_the_earliest_runs_for_all() {
    for (coalesce, expected) in [(Coalesce::Latest, "job@30"), (Coalesce::Earliest, "job@10")] {
        let (rig, held) = late(MemoryJobStore::new(), coalesce, 1);
        assert_eq!(held.len(), 1);
        held.run_one();
        rig.jump_to(36);
        assert_eq!(rig.log.lines(), [expected]);
        assert_eq!(passed_over(&rig), [(10, 30)]);
        let job = rig.block_on(rig.get_job("job")).unwrap().unwrap();
        assert_eq!((job.next_run_time, job.fire_count), (Some(at(40)), 1));
    }
}

#[test]
fn all_run_as_many_at_a_time_as_there_may_be() {
    let (rig, held) = late(MemoryJobStore::new(), Coalesce::All, 2);
    assert_eq!(held.len(), 2);
    let job = rig.block_on(rig.get_job("job")).unwrap().unwrap();
    assert_eq!(job.next_run_time, Some(at(30)), "it waits for a slot");
    held.run_one();
    rig.pass();
    assert_eq!(held.len(), 2, "the end of a run wakes the one that waits, at once");
    held.run_one();
    held.run_one();
    rig.jump_to(36);
    assert_eq!(rig.log.lines(), ["job@10", "job@20", "job@30"]);
    assert_eq!(passed_over(&rig), []);
    assert_eq!(rig.events.of("JOB_MAX_INSTANCES"), [""; 0]);
    let job = rig.block_on(rig.get_job("job")).unwrap().unwrap();
    assert_eq!((job.next_run_time, job.fire_count), (Some(at(40)), 3));
}

#[test]
fn all_catch_up_one_by_one_also_when_they_are_recorded() {
    let file = File::new();
    let (rig, held) = late(file.store(), Coalesce::All, 1);
    let change = punctual_core::JobChange::new().recovery(Recovery::Rerun);
    rig.block_on(rig.modify_job("job", change)).unwrap();
    for count in 1..=3 {
        assert_eq!(held.len(), 1, "run {count}");
        held.run_one();
        rig.pass();
    }
    assert_eq!(held.len(), 0);
    assert_eq!(rig.log.lines(), ["job@10", "job@20", "job@30"]);
}

#[test]
fn a_thousand_missed_run_times_all_run() {
    let rig = Rig::in_memory();
    let job = rig.job(note("job".into())).id("job").coalesce(Coalesce::All);
    let trigger = IntervalTrigger::seconds(1).start_date(at(1));
    rig.block_on(job.max_instances(100).trigger(trigger).add()).unwrap();
    rig.clock().set(at(1_000));
    rig.run_until(1_000);
    assert_eq!(rig.log.len(), 1_000);
    assert_eq!(rig.log.lines()[999], "job@1000");
}
