//! A commit that was carried out, and whose answer was lost: each occurrence runs exactly once.

use std::future::Future;
use std::task::{Context, Waker};

use punctual_core::{JobStore, NewJob, Recovery};
use punctual_store_memory::MemoryJobStore;
use punctual_triggers::{DateTrigger, IntervalTrigger};

use crate::common::{Call, Fault, Faults, File, Held, Rig, at, faulty, note};

/// A one-shot job at second 10 and one at seconds 10 and 20, whose first commit fails as said.
fn trial<S: JobStore>(inner: S, recovery: Recovery, fault: Fault) {
    let store = faulty(inner);
    let faults = store.0.faults.clone();
    let rig = Rig::new(|builder| builder.job_store("default", store));
    let jobs = [
        rig.add_job(note("once".into())).id("once").trigger(DateTrigger::at(at(10))),
        rig.add_job(note("often".into()))
            .id("often")
            .trigger(IntervalTrigger::seconds(10).start_date(at(10)).end_date(at(20))),
    ];
    for job in jobs {
        rig.block_on(job.recovery(recovery).add()).unwrap();
    }
    faults.once(Call::Commit, fault);
    rig.jump_to(10);
    assert_eq!(rig.log.len(), 0, "nothing runs whose commit is in doubt");
    assert_eq!(rig.events.of("JOBSTORE_FAILED").len(), 1);
    rig.run_until(30);
    let mut lines = rig.log.lines();
    lines.sort();
    assert_eq!(lines, ["often@10", "often@20", "once@10"]);
    assert_eq!(rig.events.of("JOBSTORE_RECOVERED").len(), 1);
    assert_eq!(rig.events.of("JOB_REMOVED once").len(), 1);
    assert_eq!(rig.events.of("JOB_REMOVED often").len(), 1);
    assert!(rig.block_on(rig.get_jobs(None)).unwrap().is_empty());
    assert!(rig.health().is_ok());
}

#[test]
fn a_commit_that_fails_is_repeated() {
    for recovery in [Recovery::Skip, Recovery::Rerun] {
        trial(MemoryJobStore::new(), recovery, Fault::Before);
        trial(File::new().store(), recovery, Fault::Before);
    }
}

#[test]
fn a_commit_whose_answer_is_lost_is_not_made_twice() {
    for recovery in [Recovery::Skip, Recovery::Rerun] {
        trial(MemoryJobStore::new(), recovery, Fault::After);
        let file = File::new();
        trial(file.store(), recovery, Fault::After);
    }
}

#[test]
fn what_was_claimed_meanwhile_waits_for_no_lease() {
    for fault in [Fault::Before, Fault::After] {
        let store = faulty(MemoryJobStore::new());
        let faults = store.0.faults.clone();
        let rig = Rig::new(|builder| builder.job_store("default", store));
        // More than are claimed at a time.
        let job = |_| NewJob::builder(note("job".into())).trigger(DateTrigger::at(at(10))).build();
        rig.block_on(rig.add_jobs((0..2_500).map(job))).unwrap();
        faults.once(Call::Commit, fault);
        rig.jump_to(10);
        assert_eq!(rig.log.len(), 0, "nothing runs whose commit is in doubt");
        rig.run_until(12);
        assert_eq!(rig.log.len(), 2_500);
        assert!(rig.block_on(rig.get_jobs(None)).unwrap().is_empty());
    }
}

/// A pass at that second, by a caller who loses patience in the middle of its first commit.
fn pass_cut_off(rig: &Rig, faults: &Faults, second: i64) {
    faults.set(Call::Commit, Fault::Wait);
    rig.clock().set(at(second));
    let mut pass = Box::pin(rig.tick(at(second)));
    assert!(pass.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    drop(pass);
    faults.clear();
}

#[test]
fn a_pass_that_is_cut_off_forgets_nothing() {
    for recovery in [Recovery::Skip, Recovery::Rerun] {
        let store = faulty(MemoryJobStore::new());
        let faults = store.0.faults.clone();
        let rig = Rig::new(|builder| builder.job_store("default", store));
        let job = rig.add_job(note("job".into())).id("job").recovery(recovery);
        let trigger = IntervalTrigger::seconds(10).start_date(at(10)).end_date(at(20));
        rig.block_on(job.trigger(trigger).add()).unwrap();
        rig.pass();
        pass_cut_off(&rig, &faults, 10);
        assert_eq!(rig.log.len(), 0);
        rig.jump_to(11);
        assert_eq!(rig.log.lines(), ["job@10"], "at once, not when the claim is over");
        rig.run_until(30);
        assert_eq!(rig.log.lines(), ["job@10", "job@20"]);
        assert!(rig.block_on(rig.get_jobs(None)).unwrap().is_empty());
    }
}

#[test]
fn the_end_of_a_run_is_stored_although_the_pass_is_cut_off() {
    let (held, store) = (Held::default(), faulty(MemoryJobStore::new()));
    let faults = store.0.faults.clone();
    let rig =
        Rig::new(|builder| builder.job_store("default", store).executor("default", held.clone()));
    let job = rig.add_job(note("once".into())).id("once").trigger(DateTrigger::at(at(10)));
    rig.block_on(job.recovery(Recovery::Rerun).add()).unwrap();
    rig.jump_to(10);
    held.run_one();
    pass_cut_off(&rig, &faults, 11);
    rig.jump_to(12);
    assert!(rig.block_on(rig.get_jobs(None)).unwrap().is_empty());
    assert_eq!(rig.events.of("JOB_REMOVED"), ["JOB_REMOVED once"]);
}

#[test]
fn the_end_of_a_run_is_stored_although_the_first_attempt_fails() {
    for fault in [Fault::Before, Fault::After] {
        let file = File::new();
        let store = faulty(file.store());
        let faults = store.0.faults.clone();
        let rig = Rig::new(|builder| builder.job_store("default", store));
        let job = rig.add_job(note("once".into())).id("once").trigger(DateTrigger::at(at(10)));
        rig.block_on(job.recovery(Recovery::Rerun).add()).unwrap();
        rig.clock().set(at(10));
        // The first pass commits the run, the end of the run is committed by the second.
        rig.block_on(rig.tick(at(10)));
        faults.once(Call::Commit, fault);
        rig.run_until(20);
        assert_eq!(rig.log.lines(), ["once@10"]);
        assert_eq!(rig.events.of("JOB_REMOVED"), ["JOB_REMOVED once"]);
        assert!(rig.block_on(rig.get_jobs(None)).unwrap().is_empty());
    }
}

#[test]
fn a_run_at_once_whose_record_is_in_doubt_blocks_nothing() {
    for fault in [Fault::Before, Fault::After] {
        let file = File::new();
        let store = faulty(file.store());
        let faults = store.0.faults.clone();
        let rig = Rig::new(|builder| builder.job_store("default", store));
        let job = rig.add_job(note("job".into())).id("job").recovery(Recovery::Rerun);
        rig.block_on(job.trigger(IntervalTrigger::seconds(60).start_date(at(60))).add()).unwrap();
        rig.pass();
        faults.once(Call::Commit, fault);
        rig.block_on(rig.run_job_now("job")).unwrap_err();
        rig.run_until(70);
        assert_eq!(rig.log.lines(), ["job@60"]);
        rig.block_on(rig.run_job_now("job")).unwrap();
        rig.pass();
        assert_eq!(rig.log.lines(), ["job@60", "job@70"]);
    }
}
