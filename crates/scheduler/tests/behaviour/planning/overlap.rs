//! Fire times of jobs whose runs are in progress.

use punctual_core::{Coalesce, EventMask, Overlap, Recovery};
use punctual_scheduler::JobChange;
use punctual_store_memory::MemoryJobStore;
use punctual_triggers::IntervalTrigger;

use crate::common::{ManualExecutor, SchedulerFixture, TempStore, at, note};

/// Calls `test` for each kind of store and recovery, with a job that fires every ten seconds from 10 on.
fn for_each_kind(
    coalesce: Coalesce,
    overlap: Overlap,
    test: impl Fn(&SchedulerFixture, &ManualExecutor),
) {
    for (recovery, is_persistent) in [
        (Recovery::Skip, false),
        (Recovery::Rerun, false),
        (Recovery::Skip, true),
        (Recovery::Rerun, true),
    ] {
        let (held, file) = (ManualExecutor::default(), TempStore::new());
        let fixture = SchedulerFixture::new(|builder| {
            let builder = builder.executor("default", held.clone());
            match is_persistent {
                true => builder.job_store("default", file.store()),
                false => builder.job_store("default", MemoryJobStore::new()),
            }
        });
        let job = fixture.job(note("job".into())).id("job").recovery(recovery);
        let job = job.coalesce(coalesce).overlap(overlap);
        let trigger = IntervalTrigger::seconds(10).start_date(at(10)).end_date(at(50));
        fixture.block_on(job.trigger(trigger).add()).unwrap();
        test(&fixture, &held);
    }
}

fn skipped(fixture: &SchedulerFixture) -> usize {
    let events = fixture.events.all();
    events.iter().filter(|event| event.mask() == EventMask::JOB_MAX_INSTANCES).count()
}

#[test]
fn one_fire_time_waits() {
    for_each_kind(Coalesce::All, Overlap::QueueOne, |fixture, held| {
        for second in [10, 20, 30] {
            fixture.jump_to(second);
        }
        assert_eq!((held.len(), skipped(fixture)), (1, 1), "30 has replaced 20");
        held.run_one();
        fixture.jump_to(32);
        assert_eq!(held.len(), 1);
        held.run_one();
        fixture.jump_to(40);
        held.run_one();
        fixture.jump_to(41);
        assert_eq!(fixture.log.lines(), ["job@10", "job@30", "job@40"]);
        assert_eq!(skipped(fixture), 1);
    });
}

#[test]
fn waiting_fire_times_are_coalesced() {
    for coalesce in [Coalesce::Latest, Coalesce::Earliest] {
        for_each_kind(coalesce, Overlap::QueueAll, |fixture, held| {
            for second in [10, 20, 30] {
                fixture.jump_to(second);
            }
            assert_eq!((held.len(), skipped(fixture)), (1, 0));
            held.run_one();
            fixture.jump_to(32);
            held.run_one();
            fixture.jump_to(33);
            let second = if coalesce == Coalesce::Latest { "job@30" } else { "job@20" };
            assert_eq!(fixture.log.lines(), ["job@10", second]);
        });
    }
}

#[test]
fn each_waiting_fire_time_runs() {
    for_each_kind(Coalesce::All, Overlap::QueueAll, |fixture, held| {
        for second in [10, 20, 30] {
            fixture.jump_to(second);
        }
        for second in 31..=36 {
            if held.len() > 0 {
                held.run_one();
            }
            fixture.jump_to(second);
        }
        assert_eq!(fixture.log.lines(), ["job@10", "job@20", "job@30"]);
    });
}

#[test]
fn each_fire_time_beyond_max_instances_is_skipped_on_request() {
    for_each_kind(Coalesce::All, Overlap::Skip, |fixture, held| {
        for second in [10, 20, 30] {
            fixture.jump_to(second);
        }
        assert_eq!((held.len(), skipped(fixture)), (1, 2));
        held.run_one();
        fixture.jump_to(40);
        held.run_one();
        fixture.jump_to(41);
        assert_eq!(fixture.log.lines(), ["job@10", "job@40"]);
    });
}

#[test]
fn a_running_run_is_cancelled_and_the_next_one_starts_when_it_has_ended() {
    for_each_kind(Coalesce::Latest, Overlap::CancelRunning, |fixture, held| {
        fixture.jump_to(10);
        held.start_one();
        fixture.jump_to(15);
        assert!(!held.is_started_cancelled());
        fixture.jump_to(20);
        assert!(held.is_started_cancelled());
        fixture.jump_to(22);
        assert_eq!(held.len(), 0, "max_instances is not exceeded");
        held.finish_started();
        fixture.jump_to(24);
        held.run_one();
        fixture.jump_to(26);
        assert_eq!((fixture.log.lines(), skipped(fixture)), (vec!["job@20".to_owned()], 0));
    });
}

#[test]
fn a_queued_run_that_is_cancelled_is_neither_started_nor_repeated() {
    for_each_kind(Coalesce::All, Overlap::CancelRunning, |fixture, held| {
        fixture.jump_to(10);
        fixture.jump_to(20);
        held.run_one();
        fixture.jump_to(21);
        assert_eq!((fixture.log.len(), held.len()), (0, 1));
        held.run_one();
        // No further fire times: what starts later would be a repetition.
        let pause = fixture.pause_job("job");
        fixture.block_on(pause).unwrap();
        fixture.run_until(2_000);
        assert_eq!((fixture.log.lines(), held.len()), (vec!["job@20".to_owned()], 0));
        let job = fixture.block_on(fixture.get_job("job")).unwrap().unwrap();
        assert_eq!(job.in_flight, 0);
    });
}

#[test]
fn the_option_can_be_changed() {
    for_each_kind(Coalesce::Latest, Overlap::Skip, |fixture, _| {
        let change = JobChange::new().overlap(Overlap::QueueOne).max_catch_up_runs(4);
        let job = fixture.block_on(fixture.modify_job("job", change)).unwrap();
        let options = &job.definition.as_ref().unwrap().options;
        assert_eq!(
            (options.overlap, options.max_catch_up_runs),
            (Some(Overlap::QueueOne), Some(4))
        );
        let change = JobChange::new().max_catch_up_runs(0);
        let error = fixture.block_on(fixture.modify_job("job", change)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "max_catch_up_runs is 0: it must be from 1 to 10000; use None for no limit"
        );
    });
}
