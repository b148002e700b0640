//! A temporary store outage is reported and calls are retried; no run is lost or repeated.

use std::time::Duration;

use punctual_core::{JobStore, Recovery};
use punctual_store_memory::MemoryJobStore;
use punctual_triggers::{DateTrigger, IntervalTrigger};

use crate::common::{
    Call, Fault, Faults, ManualExecutor, SchedulerFixture, TempStore, at, faulty, note,
};

/// The calls that a pass may make; a renewal also returns the next wake-up.
const IN_PASSES: [&[Call]; 5] = [
    &[Call::NextWakeup, Call::Renew],
    &[Call::ClaimDue],
    &[Call::Commit],
    &[Call::Renew],
    &[Call::TakeOver],
];

fn fixture(file: &TempStore) -> (SchedulerFixture, Faults) {
    let store = faulty(file.store());
    let faults = store.0.faults.clone();
    (SchedulerFixture::new(|builder| builder.job_store("default", store)), faults)
}

#[test]
fn each_fire_time_runs_once_after_a_temporary_failure() {
    for calls in IN_PASSES {
        for fault in [Fault::NotApplied, Fault::ResponseLost] {
            for recovery in [Recovery::Skip, Recovery::Rerun] {
                let file = TempStore::new();
                let (fixture, faults) = fixture(&file);
                let job = fixture.job(note("job".into())).id("job").recovery(recovery);
                let trigger = IntervalTrigger::seconds(20).start_date(at(20)).end_date(at(100));
                fixture.block_on(job.trigger(trigger).add()).unwrap();
                fixture.run_until(27);
                let expired_node = SchedulerFixture::new(|builder| {
                    builder
                        .job_store("default", file.store())
                        .executor("default", ManualExecutor::default())
                });
                let left = expired_node.job(note("left".into())).recovery(Recovery::Rerun);
                expired_node.block_on(left.trigger(DateTrigger::at(at(28))).add()).unwrap();
                expired_node.jump_to(28);
                fixture.run_until(30);
                calls.iter().for_each(|&call| faults.set(call, fault));
                // The outage is shorter than the lease, so that unconfirmed commits can still be resolved.
                fixture.run_until(46);
                faults.clear();
                fixture.run_until(120);
                let case = format!("{calls:?} fails {fault:?}, {recovery:?}");
                let expected = ["job@20", "job@40", "job@60", "job@80", "job@100"];
                // A claim whose response is lost may have started a run, as far as the next claim can tell.
                let is_claimed_again = calls == [Call::ClaimDue]
                    && fault == Fault::ResponseLost
                    && recovery == Recovery::Rerun;
                let (left, mut ran): (Vec<_>, Vec<_>) = fixture
                    .log
                    .lines()
                    .into_iter()
                    .partition(|line| line.starts_with("left@28 again"));
                if is_claimed_again {
                    let second = ran[1].strip_prefix("job@40 again ").expect("claimed again");
                    assert!(second.parse::<u32>().is_ok_and(|attempt| attempt > 1), "{second}");
                    ran[1] = "job@40".into();
                }
                assert_eq!((left.len(), ran), (1, expected.map(String::from).to_vec()), "{case}");
                assert!(!fixture.events.with_prefix("JOBSTORE_FAILED").is_empty(), "{case}");
                assert_eq!(fixture.events.with_prefix("JOBSTORE_RECOVERED").len(), 1, "{case}");
                assert!(fixture.health().is_ok(), "{case}");
            }
        }
    }
}

#[test]
fn runs_start_after_a_recovery_of_own_runs_has_failed() {
    let file = TempStore::new();
    let (fixture, faults) = fixture(&file);
    let job = fixture.job(note("job".into())).id("job").recovery(Recovery::Rerun);
    fixture.block_on(job.trigger(DateTrigger::at(at(43))).add()).unwrap();
    fixture.run_until(27);
    let expired_node = SchedulerFixture::new(|builder| {
        builder.job_store("default", file.store()).executor("default", ManualExecutor::default())
    });
    let left = expired_node.job(note("left".into())).recovery(Recovery::Rerun);
    expired_node.block_on(left.trigger(DateTrigger::at(at(28))).add()).unwrap();
    expired_node.jump_to(28);
    fixture.run_until(37);

    // A take-over fails; then the one that recovers what this node may have been given.
    faults.set(Call::TakeOver, Fault::NotApplied);
    for second in 38..=44 {
        fixture.jump_to(second);
    }
    faults.clear();
    // The recovery waits for other nodes, the job does not.
    fixture.run_until(60);
    let runs: Vec<_> =
        fixture.log.lines().into_iter().filter(|line| line.starts_with("job")).collect();
    assert_eq!(runs, ["job@43"]);
    assert!(fixture.events.with_prefix("JOB_ERROR").is_empty());
}

#[test]
fn a_lost_lease_is_reported_although_the_run_has_ended() {
    let file = TempStore::new();
    let (fixture, faults) = fixture(&file);
    let job = fixture.job(note("job".into())).id("job").recovery(Recovery::Rerun);
    fixture.block_on(job.trigger(DateTrigger::at(at(10))).add()).unwrap();
    fixture.run_until(9);
    for call in [Call::Commit, Call::Renew] {
        faults.set(call, Fault::NotApplied);
    }
    fixture.run_until(60);
    assert_eq!(fixture.log.lines(), ["job@10"]);
    faults.clear();
    fixture.run_until(65);
    // Another process may have run it again, because it was not cleared.
    assert_eq!(fixture.events.with_prefix("LEASE_LOST"), ["LEASE_LOST default"]);
}

#[test]
fn health_reports_an_outage_while_it_lasts() {
    let file = TempStore::new();
    let (fixture, faults) = fixture(&file);
    fixture.pass();
    assert!(fixture.health().is_ok());
    faults.set(Call::NextWakeup, Fault::NotApplied);
    fixture.jump_to(2);
    let health = fixture.health();
    assert!(!health.is_ok());
    let store = &health.job_stores[0];
    assert_eq!(store.error.as_ref().unwrap().to_string(), "NextWakeup failed");
    assert!(store.retry_at.is_some_and(|retry_at| retry_at > at(2)));
    faults.clear();
    fixture.run_until(20);
    let health = fixture.health();
    assert!(health.is_ok());
    assert!(health.job_stores[0].error.is_none() && health.job_stores[0].retry_at.is_none());
}

#[test]
fn retry_delays_grow_up_to_the_retry_interval() {
    let tries = retries_in_ten_minutes(MemoryJobStore::new());
    // 50 ms, doubled seven times up to 8 s, then 8 to 10 s each.
    assert!((60..=85).contains(&tries), "{tries} tries in ten minutes");
}

#[test]
fn retry_delays_grow_up_to_a_third_of_the_lease() {
    let file = TempStore::new();
    let tries = retries_in_ten_minutes(file.store());
    // 50 ms, doubled seven times up to 3.3 s, then 3.3 to 4.2 s each.
    assert!((144..=190).contains(&tries), "{tries} tries in ten minutes");
}

fn retries_in_ten_minutes(store: impl JobStore) -> usize {
    let store = faulty(store);
    let faults = store.0.faults.clone();
    let fixture = SchedulerFixture::new(|builder| {
        builder.job_store("default", store).max_retry_delay(Duration::from_secs(8))
    });
    for call in [Call::NextWakeup, Call::Renew] {
        faults.set(call, Fault::NotApplied);
    }
    fixture.run_until(600);
    fixture.events.with_prefix("JOBSTORE_FAILED").len()
}

#[test]
fn an_unavailable_store_does_not_affect_other_stores() {
    let broken = faulty(MemoryJobStore::new());
    let faults = broken.0.faults.clone();
    let fixture = SchedulerFixture::new(|builder| {
        builder.job_store("broken", broken).job_store("default", MemoryJobStore::new())
    });
    for store in ["broken", "default"] {
        let job = fixture.job(note(store.into())).job_store(store);
        let trigger = IntervalTrigger::seconds(10).start_date(at(10)).end_date(at(30));
        fixture.block_on(job.trigger(trigger).add()).unwrap();
    }
    faults.set(Call::NextWakeup, Fault::NotApplied);
    fixture.run_until(30);
    assert_eq!(fixture.log.lines(), ["default@10", "default@20", "default@30"]);
    faults.clear();
    fixture.run_until(60);
    assert_eq!(fixture.log.lines()[3..], ["broken@30"], "coalesced to the latest");
}

#[test]
fn a_completion_during_an_outage_causes_no_busy_loop() {
    let file = TempStore::new();
    let (fixture, faults) = fixture(&file);
    let job = fixture.job(note("job".into())).id("job").recovery(Recovery::Rerun);
    fixture.block_on(job.trigger(IntervalTrigger::seconds(10).start_date(at(10))).add()).unwrap();
    fixture.clock().set(at(10));
    fixture.block_on(fixture.tick(at(10)));
    faults.set(Call::Commit, Fault::NotApplied);
    let next = fixture.pass();
    assert!(next.is_some_and(|next| next > at(10)));
    faults.clear();
    fixture.run_until(15);
    let job = fixture.block_on(fixture.get_job("job")).unwrap().unwrap();
    assert_eq!((job.in_flight, job.fire_count), (0, 1));
}
