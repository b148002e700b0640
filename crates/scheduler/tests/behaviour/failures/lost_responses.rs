//! Take-overs and retries whose response is lost or whose future is dropped.

use punctual_core::Recovery;
use punctual_scheduler::JobQuery;

use super::takeover::{add, node};
use crate::common::{
    Call, Fault, Faults, ManualExecutor, SchedulerFixture, TempStore, faulty, note,
};

/// A node that has made no pass since second 10, in the middle of a run of `job`, and its successor, whose store has
/// fault injection.
fn an_expired_node_and_its_successor(
    file: &TempStore,
) -> ([SchedulerFixture; 2], ManualExecutor, Faults) {
    let (expired_node, _) = node(file, None);
    add(&expired_node, "job", Recovery::Rerun);
    expired_node.jump_to(10);
    let (held, store) = (ManualExecutor::default(), faulty(file.store()));
    let faults = store.0.faults.clone();
    let successor = SchedulerFixture::new(|builder| {
        builder.job_store("default", store).executor("default", held.clone()).task(note)
    });
    ([expired_node, successor], held, faults)
}

#[test]
fn a_take_over_whose_response_is_lost_loses_no_run() {
    for fault in [Fault::NotApplied, Fault::ResponseLost] {
        let file = TempStore::new();
        let ([_expired_node, successor], held, faults) = an_expired_node_and_its_successor(&file);
        successor.jump_to(15);
        faults.once(Call::TakeOver, fault);
        successor.jump_to(21);
        assert_eq!(successor.events.with_prefix("JOBSTORE_FAILED").len(), 1);
        successor.run_until_held(22, &held);
        assert_eq!(held.len(), 1, "{fault:?}");
        held.run_one();
        successor.jump_to(23);
        assert_eq!(successor.log.len(), 1);
        assert!(
            successor.log.lines()[0].starts_with("job@10 again"),
            "{:?}",
            successor.log.lines()
        );
        assert!(
            successor.block_on(successor.get_jobs(JobQuery::new())).unwrap().is_empty(),
            "{fault:?}"
        );
    }
}

#[test]
fn a_run_may_complete_during_own_run_recovery() {
    let (file, held) = (TempStore::new(), ManualExecutor::default());
    let store = faulty(file.store());
    let faults = store.0.faults.clone();
    let fixture = SchedulerFixture::new(|builder| {
        builder.job_store("default", store).executor("default", held.clone())
    });
    add(&fixture, "job", Recovery::Rerun);
    fixture.jump_to(10);
    held.start_one();
    let (expired_node, _) = node(&file, None);
    add(&expired_node, "of the expired node", Recovery::Rerun);
    expired_node.jump_to(10);
    fixture.jump_to(14);
    fixture.jump_to(18);
    faults.once(Call::TakeOver, Fault::NotApplied);
    fixture.jump_to(22);
    assert_eq!(fixture.events.with_prefix("JOBSTORE_FAILED").len(), 1);
    // The scheduler takes over its own runs too, and the call does not return.
    faults.once(Call::Get, Fault::NotApplied);
    fixture.jump_to(23);
    held.finish_started();
    fixture.jump_to(24);
    assert_eq!(fixture.events.with_prefix("JOB_REMOVED"), ["JOB_REMOVED job"]);
    assert_eq!(held.len(), 1, "the run is run again");
    held.run_one();
    fixture.jump_to(25);
    assert!(
        fixture.log.lines()[0].starts_with("of the expired node@10 again"),
        "{:?}",
        fixture.log.lines()
    );
    assert!(fixture.block_on(fixture.get_jobs(JobQuery::new())).unwrap().is_empty());
}

/// To recover runs of a take-over without a response, a process briefly releases the runs that are recorded as its own.
#[test]
fn queued_runs_start_once_during_own_run_recovery() {
    for is_taken in [true, false] {
        let file = TempStore::new();
        let ([_expired_node, fixture], held, faults) = an_expired_node_and_its_successor(&file);
        add(&fixture, "waiting", Recovery::Rerun);
        fixture.jump_to(11);
        assert_eq!(held.len(), 1);
        let (other, runs) = node(&file, None);
        for second in [14, 18] {
            fixture.jump_to(second);
            other.jump_to(second);
        }
        faults.once(Call::TakeOver, Fault::NotApplied);
        fixture.jump_to(22);
        assert_eq!(fixture.events.with_prefix("JOBSTORE_FAILED").len(), 1);
        fixture.blocked_pass(23, &faults, Call::TakeOver, Fault::Delayed, || {
            if is_taken {
                other.jump_to(23);
            }
        });
        assert_eq!(runs.len(), if is_taken { 2 } else { 0 });
        held.run_one();
        assert_eq!(fixture.log.len(), usize::from(!is_taken), "{:?}", fixture.log.lines());
    }
}

#[test]
fn a_cancelled_take_over_loses_no_run() {
    for fault in [Fault::Delayed, Fault::AppliedAndHangs] {
        let file = TempStore::new();
        let ([_expired_node, successor], held, faults) = an_expired_node_and_its_successor(&file);
        successor.jump_to(16);
        successor.jump_to(20);
        successor.cancelled_pass(24, &faults, Call::TakeOver, fault);
        successor.jump_to(25);
        assert_eq!(held.len(), 1, "{fault:?}");
        held.run_one();
        successor.jump_to(26);
        assert!(
            successor.block_on(successor.get_jobs(JobQuery::new())).unwrap().is_empty(),
            "{fault:?}"
        );
    }
}

#[test]
fn a_lost_run_is_retried_although_its_retry_was_cancelled() {
    let (file, held) = (TempStore::new(), ManualExecutor::default());
    let store = faulty(file.store());
    let faults = store.0.faults.clone();
    let fixture = SchedulerFixture::new(|builder| {
        builder.job_store("default", store).executor("default", held.clone())
    });
    add(&fixture, "job", Recovery::Rerun);
    fixture.jump_to(10);
    held.lose_one();
    fixture.jump_to(11);
    fixture.jump_to(14);
    fixture.jump_to(18);
    fixture.cancelled_pass(21, &faults, Call::Get, Fault::Delayed);
    fixture.jump_to(22);
    assert_eq!(held.len(), 1);
}

/// Otherwise the outcome of their commits for earlier claims of the same jobs could not be determined.
#[test]
fn lost_claims_are_released_after_other_nodes_could_repeat_their_commits() {
    let file = TempStore::new();
    let store = faulty(file.store());
    let faults = store.0.faults.clone();
    let fixture = SchedulerFixture::new(|builder| builder.job_store("default", store));
    add(&fixture, "job", Recovery::Skip);
    fixture.run_until(9);
    faults.set(Call::ClaimDue, Fault::ResponseLost);
    fixture.run_until(14);
    faults.clear();
    fixture.run_until(18);
    assert_eq!(fixture.events.with_prefix("JOBSTORE_RECOVERED").len(), 1);
    assert!(fixture.log.lines().is_empty(), "within half a lease after the outage");
    fixture.run_until(22);
    assert_eq!(fixture.log.lines(), ["job@10"]);
}
