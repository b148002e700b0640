//! Leases and completions of the runs that a shutdown waits for.

use std::thread;
use std::time::Duration;

use punctual_core::Recovery;
use punctual_scheduler::JobQuery;
use punctual_triggers::DateTrigger;

use crate::common::{
    BlockingShutdownExecutor, Call, Faults, ManualExecutor, SchedulerFixture, TIMEOUT, TempStore,
    at, faulty, note,
};

const SECOND: Duration = Duration::from_secs(1);

/// Creates a scheduler on the file with leases of one second, whose shutdown waits for runs, and jobs that are due at
/// second 10.
fn node(file: &TempStore) -> (SchedulerFixture, BlockingShutdownExecutor, Faults) {
    let (waiting, store) = (BlockingShutdownExecutor::default(), faulty(file.store()));
    let faults = store.0.faults.clone();
    let fixture = SchedulerFixture::new(|builder| {
        builder.job_store("default", store).executor("default", waiting.clone()).lease(SECOND)
    });
    for id in ["ends", "continues"] {
        let job = fixture.job(note(id.into())).id(id).recovery(Recovery::Rerun);
        fixture.block_on(job.trigger(DateTrigger::at(at(10))).add()).unwrap();
    }
    fixture.jump_to(10);
    (fixture, waiting, faults)
}

#[test]
fn runs_awaited_by_a_shutdown_are_not_taken_over() {
    let file = TempStore::new();
    let (fixture, waiting, faults) = node(&file);
    let runs = ManualExecutor::default();
    let successor = SchedulerFixture::new(|builder| {
        let builder = builder.job_store("default", file.store()).lease(SECOND).task(note);
        builder.executor("default", runs.clone())
    });
    successor.jump_to(10);
    let renew_at = |now| {
        let renewals = faults.calls(Call::Renew);
        fixture.clock().set(now);
        faults.wait_for(Call::Renew, renewals);
    };
    thread::scope(|scope| {
        let shutdown = scope.spawn(|| fixture.block_on(fixture.shutdown_timeout(TIMEOUT)));
        for tenth in 1..=30 {
            let now = at(10).saturating_add(SECOND / 10 * tenth);
            if tenth % 5 == 0 {
                renew_at(now);
            }
            successor.clock().set(now);
            successor.pass();
            assert_eq!(runs.len(), 0, "after {tenth} tenths of a second");
        }
        // Begins when the renewal before it has returned: without a valid lease no run is started.
        renew_at(at(13).saturating_add(SECOND * 2 / 5));
        waiting.0.run_one();
        waiting.0.run_one();
        waiting.1.set(()).unwrap();
        shutdown.join().unwrap().unwrap();
    });
    successor.jump_to(20);
    assert_eq!(runs.len(), 0);
    assert!(successor.block_on(successor.get_jobs(JobQuery::new())).unwrap().is_empty());
    assert_eq!(fixture.log.len(), 2);
}

#[test]
fn a_completion_during_the_shutdown_is_reported_and_stored_immediately() {
    let file = TempStore::new();
    let (fixture, waiting, _) = node(&file);
    thread::scope(|scope| {
        let shutdown = scope.spawn(|| fixture.block_on(fixture.shutdown_timeout(TIMEOUT)));
        waiting.0.run_one();
        fixture.events.wait("JOB_EXECUTED ends");
        // The record was cleared at the same time.
        fixture.events.wait("JOB_REMOVED ends");
        assert!(!shutdown.is_finished());
        waiting.0.run_one();
        waiting.1.set(()).unwrap();
        shutdown.join().unwrap().unwrap();
    });
    fixture.events.wait("SCHEDULER_SHUTDOWN");
    assert_eq!(fixture.events.event_lines().last().unwrap(), "SCHEDULER_SHUTDOWN");
}
