//! Take-overs and retries whose response is lost or whose future is dropped.

use punctual_core::{JobId, JobStore, Recovery, TaskFilter};
use punctual_scheduler::JobQuery;

use super::takeover::{add, node};
use crate::common::{
    Call, Fault, Faults, ManualExecutor, SchedulerFixture, TempStore, at, faulty, note,
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
    // The scheduler recovers what is recorded for it, and this call has no response either.
    faults.once(Call::TakeOver, Fault::ResponseLost);
    fixture.jump_to(23);
    assert_eq!(fixture.events.with_prefix("JOBSTORE_FAILED").len(), 2);
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

/// While a process recovers what a take-over without a response has assigned to it, its runs remain its own.
#[test]
fn other_nodes_take_over_no_run_during_own_run_recovery() {
    for fault in [Fault::Delayed, Fault::ResponseDelayed] {
        let file = TempStore::new();
        let ([_expired_node, fixture], held, faults) = an_expired_node_and_its_successor(&file);
        add(&fixture, "executing", Recovery::Rerun);
        add(&fixture, "queued", Recovery::Rerun);
        fixture.jump_to(11);
        assert_eq!(held.len(), 2);
        held.start_one();
        let (other, runs) = node(&file, None);
        for second in [14, 18] {
            fixture.jump_to(second);
            other.jump_to(second);
        }
        faults.once(Call::TakeOver, Fault::NotApplied);
        fixture.jump_to(22);
        assert_eq!(fixture.events.with_prefix("JOBSTORE_FAILED").len(), 1);
        fixture.blocked_pass(23, &faults, Call::TakeOver, fault, || {
            other.jump_to(23);
        });
        assert_eq!(runs.len(), 1, "{fault:?}: the run of the expired node");
        assert_eq!(fixture.events.with_prefix("LEASE_LOST"), [""; 0], "{fault:?}");
        held.finish_started();
        held.run_one();
        fixture.jump_to(24);
        assert_eq!(fixture.log.lines(), ["queued@10"], "{fault:?}");
        let removed = fixture.events.with_prefix("JOB_REMOVED");
        assert_eq!(removed.len(), 2, "{fault:?}: {removed:?}");
    }
}

/// The recovery itself has no response: what has ended meanwhile is not run again.
#[test]
fn a_run_that_ends_during_a_lost_own_run_recovery_is_not_repeated() {
    for fault in [Fault::NotApplied, Fault::ResponseLost] {
        let file = TempStore::new();
        let ([_expired_node, fixture], held, faults) = an_expired_node_and_its_successor(&file);
        add(&fixture, "executing", Recovery::Rerun);
        fixture.jump_to(11);
        held.start_one();
        fixture.jump_to(16);
        faults.once(Call::TakeOver, Fault::ResponseLost);
        fixture.jump_to(22);
        faults.once(Call::TakeOver, fault);
        fixture.jump_to(23);
        assert_eq!(fixture.events.with_prefix("JOBSTORE_FAILED").len(), 2, "{fault:?}");
        held.finish_started();
        for second in 24..27 {
            fixture.jump_to(second);
        }
        assert_eq!(fixture.events.with_prefix("JOB_REMOVED"), ["JOB_REMOVED executing"]);
        assert_eq!(held.len(), 1, "{fault:?}: the run of the expired node");
        held.run_one();
        fixture.jump_to(27);
        let [repeated] = &fixture.log.lines()[..] else { panic!("{:?}", fixture.log.lines()) };
        assert!(repeated.starts_with("job@10 again"), "{repeated}");
    }
}

/// A recovery that arrives after a renewal takes over nothing. The take-over from other nodes, which follows it in the same pass,
/// does not replace it.
#[test]
fn an_own_run_recovery_that_takes_over_nothing_is_repeated() {
    let file = TempStore::new();
    let ([expired_node, successor], held, faults) = an_expired_node_and_its_successor(&file);
    successor.jump_to(15);
    faults.once(Call::TakeOver, Fault::ResponseLost);
    successor.jump_to(21);
    let store = file.store();
    let owner = expired_node.block_on(async {
        store.start().await.unwrap();
        store.get(&JobId::new("job").unwrap()).await.unwrap().unwrap().runs[0].node.clone()
    });
    successor.blocked_pass(22, &faults, Call::TakeOver, Fault::Delayed, || {
        let renewal = store.renew(&owner, at(22), at(31), &TaskFilter::Any);
        expired_node.block_on(renewal).unwrap();
    });
    assert_eq!(held.len(), 0, "nothing was taken over");
    assert!(faults.calls(Call::TakeOver) > 2, "a take-over from other nodes has followed");
    for second in 23..=28 {
        successor.jump_to(second);
    }
    assert_eq!(held.len(), 1);
    held.run_one();
    successor.jump_to(29);
    assert!(successor.block_on(successor.get_jobs(JobQuery::new())).unwrap().is_empty());
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
