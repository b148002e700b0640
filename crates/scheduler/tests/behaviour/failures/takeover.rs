//! Two schedulers on one SQLite file, one of which is dead, asleep or gone.

use punctual_core::{Event, EventMask, Recovery};
use punctual_scheduler::{HistoryOptions, JobQuery};
use punctual_triggers::{DateTrigger, IntervalTrigger};

use crate::common::{Call, Fault, File, Held, Rig, at, faulty, note};

/// A scheduler on the file, with runs that wait until they are told.
pub(super) fn node(file: &File, identity: Option<&str>) -> (Rig, Held) {
    let held = Held::default();
    let rig = Rig::new(|builder| {
        // What is forgotten goes on beside the passes, and here only while somebody waits for this rig: in between it
        // could keep others from the file.
        let builder = builder.history(HistoryOptions::off());
        let builder =
            builder.job_store("default", file.store()).executor("default", held.clone()).task(note);
        match identity {
            Some(name) => builder.identity(name),
            None => builder,
        }
    });
    (rig, held)
}

pub(super) fn add(rig: &Rig, id: &str, recovery: Recovery) {
    let job = rig.job(note(id.into())).id(id).recovery(recovery);
    rig.block_on(job.trigger(DateTrigger::at(at(10))).add()).unwrap();
}

#[test]
fn the_runs_of_the_dead_are_run_again_unless_they_must_not() {
    let file = File::new();
    let (dead, its_runs) = node(&file, None);
    let (heir, runs) = node(&file, None);
    add(&dead, "rerun", Recovery::Rerun);
    add(&dead, "skip", Recovery::Skip);
    heir.jump_to(0);
    dead.jump_to(10);
    assert_eq!(its_runs.len(), 2);
    // From here on it makes no pass: its lease, of second 10, ends at second 20.
    for second in 10..20 {
        heir.jump_to(second);
        assert_eq!(runs.len(), 0, "at second {second}");
    }
    heir.run_until_held(24, &runs);
    assert_eq!(runs.len(), 1, "within 15 seconds of its last sign of life");
    assert_eq!(heir.events.of("JOB_RECOVERED"), ["JOB_RECOVERED rerun"]);
    runs.run_one();
    assert_eq!(heir.log.lines(), ["rerun@10 again 2"]);
    heir.jump_to(25);
    assert!(heir.block_on(heir.get_jobs(JobQuery::new())).unwrap().is_empty());
    assert_eq!(heir.events.of("JOB_REMOVED"), ["JOB_REMOVED rerun"]);
}

#[test]
fn the_old_owner_finds_that_it_was_silent_for_too_long_and_finishes_nothing() {
    let file = File::new();
    let (asleep, its_runs) = node(&file, None);
    let (heir, runs) = node(&file, None);
    add(&asleep, "job", Recovery::Rerun);
    asleep.jump_to(10);
    its_runs.begin_one();
    heir.jump_to(15);
    heir.jump_to(21);
    assert_eq!(runs.len(), 1);
    // It wakes up and ends its run, which is not its own any more.
    its_runs.end_begun();
    asleep.jump_to(22);
    assert_eq!(asleep.events.of("LEASE_LOST"), ["LEASE_LOST default"]);
    assert_eq!(asleep.events.of("JOB_REMOVED"), [""; 0]);
    let job = heir.block_on(heir.get_job("job")).unwrap().unwrap();
    assert_eq!(job.in_flight, 1, "the heir's run is still recorded");
    runs.run_one();
    heir.jump_to(23);
    assert!(heir.block_on(heir.get_job("job")).unwrap().is_none());
}

#[test]
fn a_run_that_was_taken_over_before_it_began_does_not_begin() {
    for renews_first in [true, false] {
        let file = File::new();
        let (asleep, its_runs) = node(&file, None);
        let (heir, runs) = node(&file, None);
        add(&asleep, "job", Recovery::Rerun);
        asleep.jump_to(10);
        heir.jump_to(15);
        heir.jump_to(21);
        assert_eq!((its_runs.len(), runs.len()), (1, 1));
        // It wakes up with a run in its queue.
        asleep.clock().set(at(22));
        if renews_first {
            asleep.pass();
        }
        its_runs.run_one();
        for second in 22..40 {
            asleep.jump_to(second);
            heir.jump_to(second);
        }
        assert_eq!((asleep.log.len(), its_runs.len()), (0, 0), "renews first: {renews_first}");
        assert_eq!(asleep.events.of("LEASE_LOST"), ["LEASE_LOST default"]);
        runs.run_one();
        heir.jump_to(40);
        assert!(heir.block_on(heir.get_jobs(JobQuery::new())).unwrap().is_empty());
        assert_eq!(heir.log.lines(), ["job@10 again 2"]);
    }
}

/// It is stopped after it has looked at its clock, and goes on when its lease has ended, with a run in its queue.
#[test]
fn a_renewal_that_comes_too_late_lets_no_run_begin_that_others_took() {
    for fault in [Fault::Wait, Fault::Late] {
        let file = File::new();
        let (its_runs, store) = (Held::default(), faulty(file.store()));
        let faults = store.0.faults.clone();
        let asleep = Rig::new(|builder| {
            builder.job_store("default", store).executor("default", its_runs.clone()).task(note)
        });
        let (heir, runs) = node(&file, None);
        add(&asleep, "job", Recovery::Rerun);
        asleep.jump_to(10);
        heir.jump_to(15);
        asleep.pass_held_up(17, &faults, Call::Renew, fault, || {
            asleep.clock().set(at(21));
            heir.jump_to(21);
        });
        let taken = usize::from(fault == Fault::Wait);
        assert_eq!((its_runs.len(), runs.len()), (1, taken), "{fault:?}");
        asleep.clock().set(at(22));
        its_runs.run_one();
        assert_eq!(asleep.log.len(), 1 - taken, "{fault:?}");
    }
}

#[test]
fn one_that_only_seemed_dead_keeps_what_nobody_took() {
    let file = File::new();
    let (rig, runs) = node(&file, None);
    add(&rig, "job", Recovery::Rerun);
    rig.jump_to(10);
    rig.jump_to(100);
    assert_eq!(rig.events.of("LEASE_LOST"), ["LEASE_LOST default"]);
    assert_eq!(runs.len(), 1, "it is not started twice");
    runs.run_one();
    rig.jump_to(101);
    assert_eq!(rig.events.of("JOB_REMOVED"), ["JOB_REMOVED job"]);
    assert_eq!(rig.log.lines(), ["job@10"]);
}

#[test]
fn an_identity_makes_the_take_over_immediate() {
    let file = File::new();
    let (dead, its_runs) = node(&file, Some("web-1"));
    add(&dead, "job", Recovery::Rerun);
    dead.jump_to(10);
    assert_eq!(its_runs.len(), 1);
    let (next, runs) = node(&file, Some("web-1"));
    next.jump_to(10);
    assert_eq!(runs.len(), 1);
    runs.run_one();
    next.jump_to(11);
    assert_eq!(next.log.lines(), ["job@10 again 2"]);
    assert_eq!(next.events.of("JOB_REMOVED"), ["JOB_REMOVED job"]);
}

#[test]
fn a_commit_in_doubt_gives_back_no_run_that_others_took() {
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
        let file = File::new();
        let (its_runs, store) = (Held::default(), faulty(file.store()));
        let faults = store.0.faults.clone();
        let asleep = Rig::new(|builder| {
            builder.job_store("default", store).executor("default", its_runs.clone())
        });
        let job = asleep.job(note("job".into())).id("job").recovery(Recovery::Rerun);
        asleep.block_on(job.trigger(trigger).add()).unwrap();
        asleep.jump_to(9);
        faults.once(Call::Commit, Fault::After);
        asleep.jump_to(10);
        assert_eq!(its_runs.len(), 0, "{case}");
        let (heir, runs) = node(&file, None);
        if is_taken {
            heir.jump_to(15);
            heir.jump_to(21);
            assert_eq!(runs.len(), 1, "{case}");
        }
        if is_over {
            runs.run_one();
            heir.jump_to(22);
        }
        asleep.jump_to(23);
        assert_eq!(its_runs.len(), usize::from(!is_taken), "{case}");
        let job = heir.block_on(heir.get_job("job")).unwrap();
        assert_eq!(job.map_or(0, |job| job.in_flight), u32::from(!is_over), "{case}");
    }
}

/// The store is away for longer than the lease, for all of three. The one that comes back first leaves the
/// others time to come back too, and only then takes the run of the one that died meanwhile.
#[test]
fn an_outage_makes_none_seem_dead_that_comes_back() {
    let file = File::new();
    let [first, second, _dead] = ["first", "second", "dead"].map(|id| {
        let (held, store) = (Held::default(), faulty(file.store()));
        let faults = store.0.faults.clone();
        let rig = Rig::new(|builder| {
            builder.job_store("default", store).executor("default", held.clone()).task(note)
        });
        add(&rig, id, Recovery::Rerun);
        rig.jump_to(10);
        assert_eq!(held.len(), 1);
        faults.set(Call::Renew, Fault::Before);
        (rig, held, faults)
    });
    let both = [&first, &second];
    let through = |seconds: std::ops::Range<i64>, rigs: &[&(Rig, Held, _)]| {
        for second in seconds {
            for (rig, ..) in rigs {
                rig.jump_to(second);
            }
        }
    };
    through(11..40, &both);
    both.iter().for_each(|(.., faults)| faults.clear());
    through(40..44, &[&first]);
    through(44..45, &both);
    for (rig, held, _) in both {
        assert_eq!(rig.events.of("JOBSTORE_RECOVERED").len(), 1);
        assert_eq!(held.len(), 1, "a run was taken from one that was about to come back");
    }
    through(45..55, &both);
    let recovered = both.map(|(rig, ..)| rig.events.of("JOB_RECOVERED")).concat();
    assert_eq!(recovered, ["JOB_RECOVERED dead"]);
}

#[test]
fn those_that_were_asleep_together_take_nothing_from_each_other() {
    let file = File::new();
    let both = ["first", "second"].map(|id| {
        let (rig, held) = node(&file, None);
        add(&rig, id, Recovery::Rerun);
        rig.jump_to(10);
        (rig, held)
    });
    for second in 1_000..1_030 {
        for (rig, _) in &both {
            rig.jump_to(second);
        }
    }
    for (rig, held) in &both {
        assert_eq!(rig.events.of("JOB_RECOVERED"), [""; 0]);
        held.run_one();
        assert_eq!(rig.log.len(), 1);
    }
}

#[test]
fn one_that_shuts_down_gives_its_runs_away_at_once() {
    let file = File::new();
    let (leaving, its_runs) = node(&file, None);
    let (heir, runs) = node(&file, None);
    add(&leaving, "job", Recovery::Rerun);
    leaving.jump_to(10);
    assert_eq!(its_runs.len(), 1);
    heir.jump_to(10);
    leaving.block_on(leaving.shutdown()).unwrap();
    assert_eq!(its_runs.len(), 0, "dropped");
    heir.run_until_held(14, &runs);
    assert_eq!(runs.len(), 1, "when it looks next, which is long before the lease is over");
}

#[test]
fn max_instances_hold_for_all_that_share_the_store() {
    let file = File::new();
    let (first, its_runs) = node(&file, None);
    let (second, runs) = node(&file, None);
    let job = first.job(note("job".into())).id("job").recovery(Recovery::Rerun);
    let trigger = IntervalTrigger::seconds(5).start_date(at(5)).end_date(at(15));
    first.block_on(job.trigger(trigger).add()).unwrap();
    first.jump_to(5);
    second.jump_to(10);
    assert_eq!((its_runs.len(), runs.len()), (1, 0));
    assert_eq!(second.events.of("JOB_MAX_INSTANCES"), ["JOB_MAX_INSTANCES job"]);
    its_runs.run_one();
    first.jump_to(11);
    second.jump_to(15);
    assert_eq!(runs.len(), 1);
    let mask = EventMask::JOB_SUBMITTED;
    let submitted = second.events.all().into_iter().find(|event| event.code() == mask);
    let Some(Event::JobSubmitted(run)) = submitted else { panic!("{submitted:?}") };
    assert_eq!((run.scheduled_time, run.attempt), (at(15), 1));
}

/// It was away, perhaps, and whoever is recorded as dead is on the way back.
#[test]
fn one_that_has_just_been_started_gives_the_living_time_to_come_back() {
    let file = File::new();
    let (asleep, its_runs) = node(&file, None);
    add(&asleep, "job", Recovery::Rerun);
    asleep.jump_to(10);
    its_runs.begin_one();
    // Nobody could renew for half a minute.
    let (new, runs) = node(&file, None);
    new.jump_to(40);
    assert_eq!(runs.len(), 0);
    asleep.jump_to(41);
    new.jump_to(44);
    new.jump_to(46);
    assert_eq!(runs.len(), 0, "it is alive");
    its_runs.end_begun();
    asleep.jump_to(47);
    assert_eq!(asleep.events.of("JOB_REMOVED"), ["JOB_REMOVED job"]);
}

#[test]
fn what_a_dead_process_had_claimed_waits_no_longer_than_its_runs() {
    for identity in [None, Some("mailer")] {
        let file = File::new();
        let store = faulty(file.store());
        let faults = store.0.faults.clone();
        let dead = Rig::new(|builder| {
            let builder = builder.job_store("default", store);
            identity.into_iter().fold(builder, |builder, name| builder.identity(name))
        });
        dead.jump_to(3);
        add(&dead, "job", Recovery::Skip);
        // Claimed at second 10, for ten seconds; its lease was renewed last at second 8.
        dead.jump_to(8);
        faults.once(Call::ClaimDue, Fault::After);
        dead.jump_to(10);
        let (heir, runs) = node(&file, identity);
        if identity.is_some() {
            heir.jump_to(11);
        } else {
            heir.jump_to(11);
            heir.jump_to(15);
            assert_eq!(runs.len(), 0);
            heir.run_until_held(19, &runs);
        }
        assert_eq!(runs.len(), 1, "{identity:?}");
        runs.run_one();
        assert_eq!(heir.log.lines(), ["job@10"]);
    }
}
