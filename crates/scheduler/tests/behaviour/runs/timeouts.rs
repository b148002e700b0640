//! Runs that exceed the timeout of their job.

use std::future::pending;
use std::time::Duration;

use punctual_core::{
    CancelReason, DebugExecutor, Event, JobContext, OutcomeKind, Recovery, RunEvent, RunOutcome,
};
use punctual_executor_threads::ThreadPoolExecutor;
use punctual_executor_tokio::TokioExecutor;
use punctual_scheduler::{BackgroundScheduler, HistoryOptions, HistoryQuery, JobChange};
use punctual_store_memory::MemoryJobStore;
use punctual_triggers::{DateTrigger, IntervalTrigger};

use crate::common::{ManualExecutor, SchedulerFixture, TempStore, at, note};

const TIMEOUT: Duration = Duration::from_secs(5);

/// The ends of runs that were reported.
pub(super) fn ends(fixture: &SchedulerFixture) -> Vec<RunEvent> {
    let ends = fixture.events.all().into_iter().filter_map(|event| match event {
        Event::JobExecuted(run) | Event::JobError(run) => Some(run),
        _ => None,
    });
    ends.collect()
}

pub(super) fn outcomes(fixture: &SchedulerFixture) -> Vec<OutcomeKind> {
    ends(fixture).iter().filter_map(|run| Some(run.outcome.as_ref()?.kind())).collect()
}

fn with_job(
    recovery: Recovery,
    is_persistent: bool,
) -> (SchedulerFixture, ManualExecutor, TempStore) {
    let (held, file) = (ManualExecutor::default(), TempStore::new());
    let fixture = SchedulerFixture::new(|builder| {
        let builder = builder.executor("default", held.clone());
        match is_persistent {
            true => builder.job_store("default", file.store()).history(HistoryOptions::enabled()),
            false => builder.job_store("default", MemoryJobStore::new()),
        }
    });
    let job = fixture.job(note("job".into())).id("job").timeout(TIMEOUT).recovery(recovery);
    let trigger = IntervalTrigger::seconds(60).start_date(at(10));
    fixture.block_on(job.trigger(trigger).add()).unwrap();
    (fixture, held, file)
}

#[test]
fn a_run_is_cancelled_when_its_timeout_has_elapsed_since_its_start() {
    for (recovery, is_persistent) in [
        (Recovery::Skip, false),
        (Recovery::Rerun, false),
        (Recovery::Skip, true),
        (Recovery::Rerun, true),
    ] {
        let (fixture, held, _file) = with_job(recovery, is_persistent);
        fixture.jump_to(10);
        // It is queued for longer than its timeout.
        fixture.jump_to(16);
        assert_eq!(fixture.active_runs()[0].started, None);
        held.start_one();
        assert_eq!(fixture.active_runs()[0].started, Some(at(16)));
        let next = fixture.jump_to(18);
        assert!(next.is_some_and(|next| next <= at(21)), "{next:?}");
        fixture.jump_to(20);
        assert!(!held.is_started_cancelled());
        fixture.jump_to(21);
        assert!(held.is_started_cancelled());
        // A thread can only be asked: the run ends when its task returns, and its value is discarded.
        fixture.jump_to(40);
        assert!(ends(&fixture).is_empty());
        held.finish_started();
        fixture.jump_to(41);
        let [end] = &ends(&fixture)[..] else { panic!("one end") };
        assert!(matches!(end.outcome, Some(RunOutcome::TimedOut(TIMEOUT))), "{end:?}");
        assert_eq!((end.started, end.finished), (Some(at(16)), Some(at(40))));
        // Neither a retry nor a leftover.
        fixture.jump_to(60);
        assert_eq!(held.len(), 0);
        let job = fixture.block_on(fixture.get_job("job")).unwrap().unwrap();
        assert_eq!(job.in_flight, 0);
        if is_persistent {
            let page = fixture.block_on(fixture.history(HistoryQuery::new())).unwrap();
            assert_eq!(page.entries[0].outcome, OutcomeKind::TimedOut);
            assert_eq!(page.entries[0].error.as_deref(), Some("it exceeded its timeout of 5s"));
        }
    }
}

#[test]
fn a_run_that_ends_in_time_is_not_cancelled() {
    let (fixture, held, _file) = with_job(Recovery::Skip, false);
    fixture.jump_to(10);
    held.start_one();
    fixture.jump_to(14);
    held.finish_started();
    let next = fixture.jump_to(15);
    assert_eq!(next, Some(at(70)), "no check of the timeout remains");
    assert_eq!(outcomes(&fixture), [OutcomeKind::Success]);
}

#[test]
fn a_panic_after_the_timeout_is_a_panic() {
    let (fixture, held, _file) = with_job(Recovery::Skip, false);
    fixture.jump_to(10);
    held.start_one();
    fixture.jump_to(15);
    held.finish_started_with(RunOutcome::Panicked("oops".into()));
    fixture.jump_to(16);
    assert_eq!(outcomes(&fixture), [OutcomeKind::Panicked]);
}

#[test]
fn the_timeout_can_be_changed_and_removed() {
    let (fixture, held, _file) = with_job(Recovery::Skip, false);
    let change = JobChange::new().timeout(None);
    fixture.block_on(fixture.modify_job("job", change)).unwrap();
    fixture.jump_to(10);
    held.start_one();
    fixture.jump_to(30);
    assert!(!held.is_started_cancelled());
    held.finish_started();
    let change = JobChange::new().timeout(Duration::ZERO);
    let error = fixture.block_on(fixture.modify_job("job", change)).unwrap_err();
    assert_eq!(error.to_string(), "timeout is 0ns: it must be at least 1us; use None for no limit");
}

#[test]
fn a_run_that_is_recovered_has_the_timeout_again() {
    let (file, held) = (TempStore::new(), ManualExecutor::default());
    let fixture = SchedulerFixture::new(|builder| {
        builder.executor("default", held.clone()).job_store("default", file.store()).task(note)
    });
    let job = fixture.job(note("job".into())).timeout(TIMEOUT).recovery(Recovery::Rerun);
    fixture.block_on(job.trigger(DateTrigger::at(at(10))).add()).unwrap();
    fixture.jump_to(10);
    let successor_runs = ManualExecutor::default();
    let successor = SchedulerFixture::new(|builder| {
        builder
            .executor("default", successor_runs.clone())
            .job_store("default", file.store())
            .task(note)
    });
    successor.run_until_held(40, &successor_runs);
    successor_runs.start_one();
    let started = successor_runs_second(&successor);
    successor.jump_to(started + 4);
    assert!(!successor_runs.is_started_cancelled());
    successor.jump_to(started + 5);
    assert!(successor_runs.is_started_cancelled());
    successor_runs.finish_started();
    successor.jump_to(started + 6);
    assert_eq!(outcomes(&successor), [OutcomeKind::TimedOut]);
}

fn successor_runs_second(fixture: &SchedulerFixture) -> i64 {
    use punctual_core::Clock;
    (fixture.clock().now().as_micros() - at(0).as_micros()) / 1_000_000
}

#[test]
fn futures_that_ignore_their_cancellation_are_dropped_on_every_executor() {
    let short = Duration::from_millis(1);
    let scheduler = BackgroundScheduler::builder()
        .timezone("UTC")
        .cancel_grace(short)
        .executor("threads", ThreadPoolExecutor::new(1))
        .executor("tokio", TokioExecutor::new())
        .start()
        .unwrap();
    for executor in ["threads", "tokio"] {
        let job = scheduler.job(pending::<()>).executor(executor).timeout(short).paused();
        let outcome = job.add().unwrap().run_now().unwrap().wait();
        assert!(matches!(outcome, RunOutcome::TimedOut(limit) if limit == short), "{outcome}");
        // One that cooperates, and what it sees.
        let seen = |context: JobContext| async move {
            context.cancelled().await;
            assert_eq!(context.cancel_reason(), Some(CancelReason::Timeout));
            assert!(context.started().is_some());
        };
        let job = scheduler.job(seen).executor(executor).timeout(short).paused();
        let outcome = job.add().unwrap().run_now().unwrap().wait();
        assert!(matches!(outcome, RunOutcome::TimedOut(_)), "{outcome}");
        // A blocking task sees it, too.
        let seen = |context: JobContext| {
            while !context.is_cancelled() {
                std::thread::yield_now();
            }
        };
        let job = scheduler.job(seen).executor(executor).timeout(short).paused();
        let outcome = job.add().unwrap().run_now().unwrap().wait();
        assert!(matches!(outcome, RunOutcome::TimedOut(_)), "{outcome}");
    }
    scheduler.shutdown().unwrap();
}

#[test]
fn a_run_inside_the_tick_is_not_limited() {
    let fixture = SchedulerFixture::new(|builder| {
        builder.executor("default", DebugExecutor).job_store("default", MemoryJobStore::new())
    });
    let job = fixture.job(note("job".into())).timeout(TIMEOUT);
    fixture.block_on(job.trigger(DateTrigger::at(at(10))).add()).unwrap();
    fixture.jump_to(10);
    fixture.jump_to(20);
    assert_eq!(outcomes(&fixture), [OutcomeKind::Success]);
}
