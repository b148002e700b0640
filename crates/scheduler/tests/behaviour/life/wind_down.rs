//! Leases and completions of the runs that a shutdown waits for.

use std::thread;
use std::time::Duration;

use punctual_core::Recovery;
use punctual_scheduler::JobQuery;
use punctual_triggers::DateTrigger;

use crate::common::{Call, Faults, File, Held, PATIENCE, Rig, Waiting, at, faulty, note};

const SECOND: Duration = Duration::from_secs(1);

/// Creates a scheduler on the file with leases of one second, whose shutdown waits for runs, and jobs that are due at
/// second 10.
fn node(file: &File) -> (Rig, Waiting, Faults) {
    let (waiting, store) = (Waiting::default(), faulty(file.store()));
    let faults = store.0.faults.clone();
    let rig = Rig::new(|builder| {
        builder.job_store("default", store).executor("default", waiting.clone()).lease(SECOND)
    });
    for id in ["ends", "goes on"] {
        let job = rig.job(note(id.into())).id(id).recovery(Recovery::Rerun);
        rig.block_on(job.trigger(DateTrigger::at(at(10))).add()).unwrap();
    }
    rig.jump_to(10);
    (rig, waiting, faults)
}

#[test]
fn runs_awaited_by_a_shutdown_are_not_taken_over() {
    let file = File::new();
    let (rig, waiting, faults) = node(&file);
    let runs = Held::default();
    let heir = Rig::new(|builder| {
        let builder = builder.job_store("default", file.store()).lease(SECOND).task(note);
        builder.executor("default", runs.clone())
    });
    heir.jump_to(10);
    thread::scope(|scope| {
        let shutdown = scope.spawn(|| rig.block_on(rig.shutdown_timeout(PATIENCE)));
        for tenth in 1..=30 {
            let now = at(10).saturating_add(SECOND / 10 * tenth);
            if tenth % 5 == 0 {
                let renewals = faults.calls(Call::Renew);
                rig.clock().set(now);
                faults.wait_for(Call::Renew, renewals);
            }
            heir.clock().set(now);
            heir.pass();
            assert_eq!(runs.len(), 0, "after {tenth} tenths of a second");
        }
        waiting.0.run_one();
        waiting.0.run_one();
        waiting.1.set(()).unwrap();
        shutdown.join().unwrap().unwrap();
    });
    heir.jump_to(20);
    assert_eq!(runs.len(), 0);
    assert!(heir.block_on(heir.get_jobs(JobQuery::new())).unwrap().is_empty());
    assert_eq!(rig.log.len(), 2);
}

#[test]
fn a_completion_during_the_shutdown_is_reported_and_stored_immediately() {
    let file = File::new();
    let (rig, waiting, _) = node(&file);
    thread::scope(|scope| {
        let shutdown = scope.spawn(|| rig.block_on(rig.shutdown_timeout(PATIENCE)));
        waiting.0.run_one();
        rig.events.wait("JOB_EXECUTED ends");
        // The record was cleared at the same time.
        rig.events.wait("JOB_REMOVED ends");
        assert!(!shutdown.is_finished());
        waiting.0.run_one();
        waiting.1.set(()).unwrap();
        shutdown.join().unwrap().unwrap();
    });
    rig.events.wait("SCHEDULER_SHUTDOWN");
    assert_eq!(rig.events.told().last().unwrap(), "SCHEDULER_SHUTDOWN");
}
