//! Two schedulers on one SQLite file, one of which is killed, suspended or shut down.

use std::time::Duration;

use punctual_core::{Event, EventMask, Recovery};
use punctual_scheduler::{HistoryOptions, JobQuery};
use punctual_triggers::{DateTrigger, IntervalTrigger};

use crate::common::{Call, Fault, ManualExecutor, SchedulerFixture, TempStore, at, faulty, note};

/// Creates a scheduler on the file; its runs wait until the test finishes them.
pub(super) fn node(file: &TempStore, identity: Option<&str>) -> (SchedulerFixture, ManualExecutor) {
    let held = ManualExecutor::default();
    let fixture = SchedulerFixture::new(|builder| {
        // Pruning runs beside the passes. In this test it makes progress only while the test blocks on this scheduler,
        // and could otherwise hold the file's lock in between.
        let builder = builder.history(HistoryOptions::disabled());
        let builder =
            builder.job_store("default", file.store()).executor("default", held.clone()).task(note);
        match identity {
            Some(name) => builder.node_id(name),
            None => builder,
        }
    });
    (fixture, held)
}

pub(super) fn add(fixture: &SchedulerFixture, id: &str, recovery: Recovery) {
    let job = fixture.job(note(id.into())).id(id).recovery(recovery);
    fixture.block_on(job.trigger(DateTrigger::at(at(10))).add()).unwrap();
}

#[test]
fn runs_of_expired_nodes_are_run_again_only_with_rerun() {
    let file = TempStore::new();
    let (expired_node, its_runs) = node(&file, None);
    let (successor, runs) = node(&file, None);
    add(&expired_node, "rerun", Recovery::Rerun);
    add(&expired_node, "skip", Recovery::Skip);
    successor.jump_to(0);
    expired_node.jump_to(10);
    assert_eq!(its_runs.len(), 2);
    // The node makes no further pass: its lease, renewed at second 10, expires at second 20.
    for second in 10..20 {
        successor.jump_to(second);
        assert_eq!(runs.len(), 0, "at second {second}");
    }
    successor.run_until_held(24, &runs);
    assert_eq!(runs.len(), 1, "within 15 seconds after its last renewal");
    assert_eq!(successor.events.with_prefix("JOB_RECOVERED"), ["JOB_RECOVERED rerun"]);
    runs.run_one();
    assert_eq!(successor.log.lines(), ["rerun@10 again 2"]);
    successor.jump_to(25);
    assert!(successor.block_on(successor.get_jobs(JobQuery::new())).unwrap().is_empty());
    assert_eq!(successor.events.with_prefix("JOB_REMOVED"), ["JOB_REMOVED rerun"]);
}

#[test]
fn a_suspended_owner_does_not_commit_runs_that_were_taken_over() {
    let file = TempStore::new();
    let (suspended, its_runs) = node(&file, None);
    let (successor, runs) = node(&file, None);
    add(&suspended, "job", Recovery::Rerun);
    suspended.jump_to(10);
    its_runs.start_one();
    successor.jump_to(15);
    successor.jump_to(21);
    assert_eq!(runs.len(), 1);
    // The suspended node resumes and finishes a run that it no longer owns.
    its_runs.finish_started();
    suspended.jump_to(22);
    assert_eq!(suspended.events.with_prefix("LEASE_LOST"), ["LEASE_LOST default"]);
    assert_eq!(suspended.events.with_prefix("JOB_REMOVED"), [""; 0]);
    let job = successor.block_on(successor.get_job("job")).unwrap().unwrap();
    assert_eq!(job.in_flight, 1, "the successor's run is still recorded");
    runs.run_one();
    successor.jump_to(23);
    assert!(successor.block_on(successor.get_job("job")).unwrap().is_none());
}

#[test]
fn a_queued_run_that_was_taken_over_does_not_start() {
    for renews_first in [true, false] {
        let file = TempStore::new();
        let (suspended, its_runs) = node(&file, None);
        let (successor, runs) = node(&file, None);
        add(&suspended, "job", Recovery::Rerun);
        suspended.jump_to(10);
        successor.jump_to(15);
        successor.jump_to(21);
        assert_eq!((its_runs.len(), runs.len()), (1, 1));
        // The suspended node resumes with a queued run.
        suspended.clock().set(at(22));
        if renews_first {
            suspended.pass();
        }
        its_runs.run_one();
        for second in 22..40 {
            suspended.jump_to(second);
            successor.jump_to(second);
        }
        assert_eq!((suspended.log.len(), its_runs.len()), (0, 0), "renews first: {renews_first}");
        assert_eq!(suspended.events.with_prefix("LEASE_LOST"), ["LEASE_LOST default"]);
        runs.run_one();
        successor.jump_to(40);
        assert!(successor.block_on(successor.get_jobs(JobQuery::new())).unwrap().is_empty());
        assert_eq!(successor.log.lines(), ["job@10 again 2"]);
    }
}

/// The node is suspended after it has read its clock, and resumes after its lease has expired, with a queued run.
#[test]
fn a_late_renewal_does_not_start_runs_that_were_taken_over() {
    for fault in [Fault::Delayed, Fault::ResponseDelayed] {
        let file = TempStore::new();
        let (its_runs, store) = (ManualExecutor::default(), faulty(file.store()));
        let faults = store.0.faults.clone();
        let suspended = SchedulerFixture::new(|builder| {
            builder.job_store("default", store).executor("default", its_runs.clone()).task(note)
        });
        let (successor, runs) = node(&file, None);
        add(&suspended, "job", Recovery::Rerun);
        suspended.jump_to(10);
        successor.jump_to(15);
        suspended.blocked_pass(17, &faults, Call::Renew, fault, || {
            suspended.clock().set(at(21));
            successor.jump_to(21);
        });
        let taken = usize::from(fault == Fault::Delayed);
        assert_eq!((its_runs.len(), runs.len()), (1, taken), "{fault:?}");
        suspended.clock().set(at(22));
        its_runs.run_one();
        assert_eq!(suspended.log.len(), 1 - taken, "{fault:?}");
    }
}

#[test]
fn node_with_expired_lease_keeps_runs_not_taken_over() {
    let file = TempStore::new();
    let (fixture, runs) = node(&file, None);
    add(&fixture, "job", Recovery::Rerun);
    fixture.jump_to(10);
    fixture.jump_to(100);
    assert_eq!(fixture.events.with_prefix("LEASE_LOST"), ["LEASE_LOST default"]);
    assert_eq!(runs.len(), 1, "the run is not started twice");
    runs.run_one();
    fixture.jump_to(101);
    assert_eq!(fixture.events.with_prefix("JOB_REMOVED"), ["JOB_REMOVED job"]);
    assert_eq!(fixture.log.lines(), ["job@10"]);
}

#[test]
fn a_node_id_makes_the_take_over_immediate() {
    let file = TempStore::new();
    let (expired_node, its_runs) = node(&file, Some("web-1"));
    add(&expired_node, "job", Recovery::Rerun);
    expired_node.jump_to(10);
    assert_eq!(its_runs.len(), 1);
    let (next, runs) = node(&file, Some("web-1"));
    next.jump_to(10);
    assert_eq!(runs.len(), 1);
    runs.run_one();
    next.jump_to(11);
    assert_eq!(next.log.lines(), ["job@10 again 2"]);
    assert_eq!(next.events.with_prefix("JOB_REMOVED"), ["JOB_REMOVED job"]);
}

#[test]
fn an_unconfirmed_commit_does_not_restore_runs_that_were_taken_over() {
    let once = || IntervalTrigger::seconds(10).start_date(at(10)).end_date(at(10));
    let often = || IntervalTrigger::seconds(1_000).start_date(at(10));
    for (trigger, is_taken, is_over) in [
        (once(), true, false),
        (once(), true, true),
        (often(), true, false),
        (often(), true, true),
        (once(), false, false),
        (often(), false, false),
    ] {
        let case = format!("{trigger:?}, taken: {is_taken}, over: {is_over}");
        let file = TempStore::new();
        let (its_runs, store) = (ManualExecutor::default(), faulty(file.store()));
        let faults = store.0.faults.clone();
        let suspended = SchedulerFixture::new(|builder| {
            builder.job_store("default", store).executor("default", its_runs.clone())
        });
        let job = suspended.job(note("job".into())).id("job").recovery(Recovery::Rerun);
        suspended.block_on(job.trigger(trigger).add()).unwrap();
        suspended.jump_to(9);
        faults.once(Call::Commit, Fault::ResponseLost);
        suspended.jump_to(10);
        assert_eq!(its_runs.len(), 1, "{case}: queued under the claim");
        let (successor, runs) = node(&file, None);
        if is_taken {
            successor.jump_to(15);
            successor.jump_to(21);
            assert_eq!(runs.len(), 1, "{case}");
        }
        if is_over {
            runs.run_one();
            successor.jump_to(22);
        }
        suspended.jump_to(23);
        its_runs.run_one();
        assert_eq!(suspended.log.len(), usize::from(!is_taken), "{case}");
        let job = successor.block_on(successor.get_job("job")).unwrap();
        assert_eq!(job.map_or(0, |job| job.in_flight), u32::from(!is_over), "{case}");
    }
}

/// The store is unavailable to all three nodes for longer than the lease. The first node that reconnects gives the
/// others time to renew their leases, and only then takes over the run of the node that was killed during the outage.
#[test]
fn outage_does_not_expire_recovering_nodes() {
    let file = TempStore::new();
    let [first, second, _expired_node] = ["first", "second", "expired"].map(|id| {
        let (held, store) = (ManualExecutor::default(), faulty(file.store()));
        let faults = store.0.faults.clone();
        let fixture = SchedulerFixture::new(|builder| {
            builder.job_store("default", store).executor("default", held.clone()).task(note)
        });
        add(&fixture, id, Recovery::Rerun);
        fixture.jump_to(10);
        assert_eq!(held.len(), 1);
        faults.set(Call::Renew, Fault::NotApplied);
        (fixture, held, faults)
    });
    let both = [&first, &second];
    let through = |seconds: std::ops::Range<i64>,
                   rigs: &[&(SchedulerFixture, ManualExecutor, _)]| {
        for second in seconds {
            for (fixture, ..) in rigs {
                fixture.jump_to(second);
            }
        }
    };
    through(11..40, &both);
    both.iter().for_each(|(.., faults)| faults.clear());
    through(40..44, &[&first]);
    through(44..45, &both);
    for (fixture, held, _) in both {
        assert_eq!(fixture.events.with_prefix("JOBSTORE_RECOVERED").len(), 1);
        assert_eq!(held.len(), 1, "a run of a recovering node was taken over");
    }
    through(45..55, &both);
    let recovered = both.map(|(fixture, ..)| fixture.events.with_prefix("JOB_RECOVERED")).concat();
    assert_eq!(recovered, ["JOB_RECOVERED expired"]);
}

#[test]
fn nodes_suspended_together_take_over_nothing_from_each_other() {
    let file = TempStore::new();
    let both = ["first", "second"].map(|id| {
        let (fixture, held) = node(&file, None);
        add(&fixture, id, Recovery::Rerun);
        fixture.jump_to(10);
        (fixture, held)
    });
    for second in 1_000..1_030 {
        for (fixture, _) in &both {
            fixture.jump_to(second);
        }
    }
    for (fixture, held) in &both {
        assert_eq!(fixture.events.with_prefix("JOB_RECOVERED"), [""; 0]);
        held.run_one();
        assert_eq!(fixture.log.len(), 1);
    }
}

#[test]
fn a_renewal_that_was_blocked_by_an_outage_gives_live_nodes_time_to_renew() {
    let file = TempStore::new();
    let (live, its_runs) = node(&file, None);
    let held = ManualExecutor::default();
    let store = faulty(file.store());
    let faults = store.0.faults.clone();
    let blocked = SchedulerFixture::new(|builder| {
        let builder = builder.history(HistoryOptions::disabled()).task(note);
        builder.job_store("default", store).executor("default", held.clone())
    });
    add(&live, "job", Recovery::Rerun);
    blocked.jump_to(9);
    live.jump_to(10);
    its_runs.start_one();
    // The first call of the outage fails, the next one waits for a connection.
    faults.set(Call::Renew, Fault::NotApplied);
    blocked.jump_to(14);
    let outage = || blocked.clock().set(at(30));
    blocked.blocked_pass(21, &faults, Call::Renew, Fault::Delayed, outage);
    for second in 30..34 {
        blocked.jump_to(second);
        assert_eq!(held.len(), 0, "at second {second}");
    }
    live.jump_to(34);
    for second in 34..40 {
        blocked.jump_to(second);
        assert_eq!(held.len(), 0, "at second {second}");
    }
    its_runs.finish_started();
    live.jump_to(40);
    assert_eq!(live.events.with_prefix("JOB_REMOVED"), ["JOB_REMOVED job"]);
    assert_eq!(live.events.with_prefix("LEASE_LOST").len(), 1);
    assert_eq!(blocked.events.with_prefix("JOB_RECOVERED"), [""; 0]);
}

#[test]
fn a_repetition_that_is_lost_before_its_start_is_repeated_however_late() {
    let file = TempStore::new();
    let (killed, its_runs) = node(&file, None);
    let job = killed.job(note("job".into())).id("job").recovery(Recovery::Rerun);
    let job = job.misfire_grace_time(Duration::from_secs(1));
    killed.block_on(job.trigger(DateTrigger::at(at(10))).add()).unwrap();
    killed.jump_to(10);
    its_runs.start_one();
    let (successor, runs) = node(&file, None);
    successor.run_until_held(40, &runs);
    runs.lose_one();
    successor.run_until_held(80, &runs);
    runs.run_one();
    successor.jump_to(81);
    assert_eq!(successor.log.lines(), ["job@10 again 3"]);
    assert_eq!(successor.events.with_prefix("JOB_MISSED"), [""; 0]);
}

#[test]
fn a_shutdown_releases_runs_immediately() {
    let file = TempStore::new();
    let (stopping, its_runs) = node(&file, None);
    let (successor, runs) = node(&file, None);
    add(&stopping, "job", Recovery::Rerun);
    stopping.jump_to(10);
    assert_eq!(its_runs.len(), 1);
    successor.jump_to(10);
    stopping.block_on(stopping.shutdown()).unwrap();
    assert_eq!(its_runs.len(), 0, "dropped");
    successor.run_until_held(14, &runs);
    assert_eq!(runs.len(), 1, "with its next check, long before the lease expires");
}

#[test]
fn max_instances_holds_for_all_nodes_together() {
    let file = TempStore::new();
    let (first, its_runs) = node(&file, None);
    let (second, runs) = node(&file, None);
    let job = first.job(note("job".into())).id("job").recovery(Recovery::Rerun);
    let trigger = IntervalTrigger::seconds(5).start_date(at(5)).end_date(at(15));
    first.block_on(job.trigger(trigger).add()).unwrap();
    first.jump_to(5);
    second.jump_to(10);
    assert_eq!((its_runs.len(), runs.len()), (1, 0));
    assert_eq!(second.events.with_prefix("JOB_MAX_INSTANCES"), ["JOB_MAX_INSTANCES job"]);
    its_runs.run_one();
    first.jump_to(11);
    second.jump_to(15);
    assert_eq!(runs.len(), 1);
    let mask = EventMask::JOB_SUBMITTED;
    let submitted = second.events.all().into_iter().find(|event| event.mask() == mask);
    let Some(Event::JobSubmitted(run)) = submitted else { panic!("{submitted:?}") };
    assert_eq!((run.scheduled_time, run.attempt), (at(15), 1));
}

/// After its start, a node can't know whether the store was unavailable, so recorded leases may have expired although
/// their nodes are running.
#[test]
fn a_started_node_gives_live_nodes_time_to_renew() {
    let file = TempStore::new();
    let (suspended, its_runs) = node(&file, None);
    add(&suspended, "job", Recovery::Rerun);
    suspended.jump_to(10);
    its_runs.start_one();
    // No node could renew its lease for half a minute.
    let (new, runs) = node(&file, None);
    new.jump_to(40);
    assert_eq!(runs.len(), 0);
    suspended.jump_to(41);
    new.jump_to(44);
    new.jump_to(46);
    assert_eq!(runs.len(), 0, "the node is running");
    its_runs.finish_started();
    suspended.jump_to(47);
    assert_eq!(suspended.events.with_prefix("JOB_REMOVED"), ["JOB_REMOVED job"]);
}

/// The own runs of a node with a configured id need not wait, but those of other nodes must.
#[test]
fn a_restarted_node_recovers_only_its_own_runs_immediately() {
    let file = TempStore::new();
    let (suspended, its_runs) = node(&file, None);
    add(&suspended, "job", Recovery::Rerun);
    suspended.jump_to(10);
    its_runs.start_one();
    let (terminated, _) = node(&file, Some("mailer"));
    add(&terminated, "mail", Recovery::Rerun);
    terminated.jump_to(11);
    // No node could renew its lease for half a minute.
    let (restarted, runs) = node(&file, Some("mailer"));
    restarted.jump_to(40);
    assert_eq!(runs.len(), 1);
    assert_eq!(restarted.events.with_prefix("JOB_RECOVERED"), ["JOB_RECOVERED mail"]);
    suspended.jump_to(41);
    restarted.jump_to(46);
    assert_eq!(runs.len(), 1, "the node of the other run is running");
    its_runs.finish_started();
    suspended.jump_to(47);
    assert_eq!(suspended.events.with_prefix("JOB_REMOVED"), ["JOB_REMOVED job"]);
}

#[test]
fn claims_of_an_expired_node_are_released_with_its_runs() {
    for identity in [None, Some("mailer")] {
        let file = TempStore::new();
        let store = faulty(file.store());
        let faults = store.0.faults.clone();
        let expired_node = SchedulerFixture::new(|builder| {
            let builder = builder.job_store("default", store);
            identity.into_iter().fold(builder, |builder, name| builder.node_id(name))
        });
        expired_node.jump_to(3);
        add(&expired_node, "job", Recovery::Skip);
        // Claimed at second 10 for ten seconds; the lease was last renewed at second 8.
        expired_node.jump_to(8);
        faults.once(Call::ClaimDue, Fault::ResponseLost);
        expired_node.jump_to(10);
        let (successor, runs) = node(&file, identity);
        if identity.is_some() {
            successor.jump_to(11);
        } else {
            successor.jump_to(11);
            successor.jump_to(15);
            assert_eq!(runs.len(), 0);
            successor.run_until_held(19, &runs);
        }
        assert_eq!(runs.len(), 1, "{identity:?}");
        runs.run_one();
        assert_eq!(successor.log.lines(), ["job@10"]);
    }
}
