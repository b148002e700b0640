//! The contents and the timing of history entries.

use std::panic;

use punctual_core::{DynJobStore, HistoryRecord, Recovery, StoreCaps};
use punctual_scheduler::{
    AsyncScheduler, HistoryEntry, HistoryOptions, HistoryQuery, SchedulerError,
};
use punctual_store_memory::MemoryJobStore;
use punctual_testkit::{Layered, StoreLayer};
use punctual_triggers::{DateTrigger, IntervalTrigger};

use super::{brief, fixture, read};
use crate::common::{
    Call, FailingExecutor, Fault, ManualExecutor, SchedulerFixture, TempStore, at, boom, fail,
    faulty, note,
};

#[test]
fn an_entry_contains_the_times_and_the_outcome_of_a_run() {
    let held = ManualExecutor::default();
    let (fixture, _) = fixture(HistoryOptions::enabled(), |builder| {
        builder.executor("held", held.clone()).node_id("web-1")
    });
    let job = fixture.job(fail("no paper".into())).id("fail").executor("held");
    fixture.block_on(job.trigger(DateTrigger::at(at(10))).add()).unwrap();
    fixture.jump_to(12);
    held.run_one();
    fixture.clock().set(at(15));
    fixture.pass();
    let [entry] = &read(&fixture)[..] else { panic!("one entry") };
    assert_eq!((entry.job.job_id.as_str(), entry.task.as_str()), ("fail", "fail"));
    assert_eq!((entry.attempt, entry.node.as_str()), (1, "web-1"));
    assert_eq!((entry.scheduled_time, entry.started), (at(10), Some(at(12))));
    assert_eq!(entry.finished, at(12), "the time of the completion, not of the commit");
    assert_eq!((entry.outcome.name(), entry.error.as_deref()), ("failed", Some("no paper")));
}

#[test]
fn every_completion_is_an_entry_newest_first() {
    let broken = FailingExecutor::default();
    let (fixture, _) =
        fixture(HistoryOptions::enabled(), |builder| builder.executor("broken", broken.clone()));
    fixture.block_on(fixture.job(note("a".into())).id("good").add()).unwrap();
    fixture.run_until(1);
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    fixture.block_on(fixture.job(boom("bang".into())).id("boom").add()).unwrap();
    fixture.run_until(2);
    panic::set_hook(hook);
    broken.submit.store(true, std::sync::atomic::Ordering::SeqCst);
    fixture.block_on(fixture.job(note("b".into())).id("refused").executor("broken").add()).unwrap();
    fixture.run_until(3);
    broken.submit.store(false, std::sync::atomic::Ordering::SeqCst);
    fixture.block_on(fixture.job(note("c".into())).id("lost").executor("broken").add()).unwrap();
    fixture.jump_to(4);
    broken.inner.lose_one();
    fixture.run_until(5);
    assert_eq!(
        brief(&fixture),
        ["lost@3 lost 1", "refused@2 refused 1", "boom@1 panicked 1", "good@0 success 1"]
    );
    let errors: Vec<_> = read(&fixture).into_iter().map(|entry| entry.error).collect();
    let queue_full = "the executor's queue is full".to_owned();
    assert_eq!(errors, [None, Some(queue_full), Some("bang".into()), None]);
    let boom = HistoryQuery::new().job("boom");
    assert_eq!(fixture.block_on(fixture.history(boom)).unwrap().entries.len(), 1);
}

#[test]
fn a_run_whose_commit_stayed_unconfirmed_is_reported_as_lost() {
    for recovery in [Recovery::Skip, Recovery::Rerun] {
        let (fixture, faults) = fixture(HistoryOptions::enabled(), |builder| builder);
        let job = fixture.job(note("a".into())).id("a").recovery(recovery);
        fixture.block_on(job.trigger(DateTrigger::at(at(10))).add()).unwrap();
        fixture.jump_to(9);
        faults.once(Call::Commit, Fault::ResponseLost);
        fixture.jump_to(10);
        // After the claim has expired, other nodes may have run the job.
        fixture.jump_to(25);
        if recovery == Recovery::Skip {
            assert_eq!(fixture.events.with_prefix("JOB_ERROR"), ["JOB_ERROR a"]);
            assert_eq!((brief(&fixture), fixture.log.len()), (vec!["a@10 lost 1".to_owned()], 0));
        } else {
            assert_eq!(fixture.events.with_prefix("JOB_ERROR"), [""; 0]);
            assert_eq!(
                (brief(&fixture), fixture.log.len()),
                (vec!["a@10 success 1".to_owned()], 1)
            );
        }
    }
}

#[test]
fn each_attempt_has_one_entry() {
    let held = ManualExecutor::default();
    let (fixture, _) =
        fixture(HistoryOptions::enabled(), |builder| builder.executor("default", held.clone()));
    let job = fixture.job(note("a".into())).id("a").recovery(Recovery::Rerun);
    fixture.block_on(job.add()).unwrap();
    fixture.jump_to(0);
    held.lose_one();
    fixture.pass();
    assert_eq!(brief(&fixture), ["a@0 lost 1"]);
    fixture.run_until_held(20, &held);
    held.run_one();
    fixture.pass();
    assert_eq!(brief(&fixture), ["a@0 success 2", "a@0 lost 1"]);
    assert_eq!(
        (
            fixture.events.with_prefix("JOB_ERROR").len(),
            fixture.events.with_prefix("JOB_EXECUTED").len()
        ),
        (1, 1)
    );
}

#[test]
fn history_is_off_in_memory_and_on_in_shared_stores_by_default() {
    let run_one = |fixture: &SchedulerFixture| {
        fixture.block_on(fixture.job(note("a".into())).id("a").add()).unwrap();
        fixture.run_until(5);
    };
    let fixture = SchedulerFixture::in_memory();
    run_one(&fixture);
    let error = fixture.block_on(fixture.history(HistoryQuery::new())).unwrap_err();
    assert!(matches!(error, SchedulerError::NoHistory { .. }), "{error}");
    let file = TempStore::new();
    let fixture = SchedulerFixture::new(|builder| builder.job_store("default", file.store()));
    run_one(&fixture);
    assert_eq!(brief(&fixture), ["a@0 success 1"]);
    let file = TempStore::new();
    let fixture = SchedulerFixture::new(|builder| {
        let builder = builder.job_store("default", file.store());
        builder.history(HistoryOptions::enabled()).history_of("default", HistoryOptions::disabled())
    });
    run_one(&fixture);
    assert_eq!(brief(&fixture), [""; 0], "the option of the store takes precedence");
}

#[test]
fn completions_are_committed_in_batches() {
    for recovery in [Recovery::Skip, Recovery::Rerun] {
        let (fixture, faults) = fixture(HistoryOptions::enabled(), |builder| builder);
        for number in 0..100 {
            let job = fixture.job(note("a".into())).id(number.to_string()).recovery(recovery);
            fixture.block_on(job.trigger(DateTrigger::at(at(10))).add()).unwrap();
        }
        fixture.run_until(20);
        assert_eq!(
            faults.calls(Call::Commit),
            2,
            "one commit for all starts and one for all completions"
        );
        assert_eq!(read(&fixture).len(), 100);
    }
}

#[test]
fn entries_are_written_with_the_next_commit_or_after_a_second() {
    let (fixture, faults) = fixture(HistoryOptions::enabled(), |builder| builder);
    let job = fixture.job(note("a".into())).id("a");
    fixture.block_on(job.trigger(IntervalTrigger::seconds(1).start_date(at(1))).add()).unwrap();
    fixture.run_until(11);
    assert_eq!(faults.calls(Call::Commit), 11, "one commit for each run");
    fixture.block_on(fixture.pause_job("a")).unwrap();
    fixture.run_until(20);
    assert_eq!(faults.calls(Call::Commit), 12);
}

#[test]
fn a_shutdown_writes_buffered_entries() {
    let store = MemoryJobStore::new();
    let fixture = SchedulerFixture::new(|builder| {
        builder.job_store("default", store.clone()).history(HistoryOptions::enabled())
    });
    fixture.block_on(fixture.job(note("a".into())).id("a").add()).unwrap();
    fixture.jump_to(0);
    fixture.block_on(fixture.shutdown()).unwrap();
    let fixture = SchedulerFixture::new(|builder| {
        builder.job_store("default", store).history(HistoryOptions::enabled())
    });
    assert_eq!(brief(&fixture), ["a@0 success 1"]);
}

#[test]
fn a_failing_store_neither_loses_nor_duplicates_entries() {
    for fault in [Fault::NotApplied, Fault::ResponseLost] {
        let (fixture, faults) = fixture(HistoryOptions::enabled(), |builder| builder);
        let job = fixture.job(note("a".into())).id("a").recovery(Recovery::Rerun);
        fixture.block_on(job.trigger(IntervalTrigger::seconds(1).start_date(at(1))).add()).unwrap();
        for second in 1..=20 {
            faults.once(Call::Commit, fault);
            fixture.run_until(second);
        }
        faults.clear();
        fixture.run_until(22);
        let expected: Vec<_> = (1..=22).rev().map(|n| format!("a@{n} success 1")).collect();
        assert_eq!(brief(&fixture), expected);
        assert_eq!(fixture.log.len(), 22);
    }
}

#[test]
fn a_cancelled_call_loses_no_entries() {
    let (fixture, faults) = fixture(HistoryOptions::enabled(), |builder| builder);
    fixture.block_on(fixture.job(note("a".into())).id("a").add()).unwrap();
    fixture.jump_to(0);
    faults.once(Call::Commit, Fault::Hang);
    let impatient = async {
        let reading = fixture.history(HistoryQuery::new());
        tokio::time::timeout(std::time::Duration::from_millis(1), reading).await
    };
    assert!(fixture.block_on(impatient).is_err());
    assert_eq!(brief(&fixture), ["a@0 success 1"]);
}

#[test]
fn buffered_entries_of_a_hanging_store_cause_no_busy_loop() {
    let held = ManualExecutor::default();
    let store = faulty(MemoryJobStore::new());
    let faults = store.0.faults.clone();
    let fixture = SchedulerFixture::new(|builder| {
        let builder = builder.job_store("default", store).history(HistoryOptions::enabled());
        builder.job_store("other", MemoryJobStore::new()).executor("default", held.clone())
    });
    for id in ["a", "b"] {
        fixture.block_on(fixture.job(note(id.into())).id(id).add()).unwrap();
    }
    fixture.jump_to(0);
    held.run_one();
    fixture.jump_to(1);
    faults.once(Call::Commit, Fault::Hang);
    fixture.jump_to(2);
    held.run_one();
    fixture.jump_to(3);
    // Passes become idle although an entry is overdue.
    fixture.jump_to(5);
    assert!(fixture.health().job_stores[0].busy_since.is_some());
}

#[test]
fn permanently_rejected_entries_do_not_affect_jobs() {
    let (fixture, faults) = fixture(HistoryOptions::enabled(), |builder| builder);
    let job = fixture.job(note("a".into())).id("a");
    fixture.block_on(job.trigger(IntervalTrigger::seconds(1).start_date(at(1))).add()).unwrap();
    fixture.run_until(5);
    faults.once(Call::Commit, Fault::Rejected);
    fixture.run_until(10);
    assert_eq!(fixture.log.len(), 10);
    let lost = "a@5 success 1".to_owned();
    assert!(
        !brief(&fixture).contains(&lost) && brief(&fixture).len() == 9,
        "{:?}",
        brief(&fixture)
    );
}

#[test]
fn each_attempt_has_its_own_entry_despite_stale_workers() {
    let file = TempStore::new();
    let node = |name: &str| {
        let held = ManualExecutor::default();
        let fixture = SchedulerFixture::new(|builder| {
            let builder = builder.job_store("default", file.store()).node_id(name);
            builder.executor("default", held.clone()).task(note)
        });
        (fixture, held)
    };
    let ((suspended, its_runs), (successor, runs)) = (node("suspended"), node("successor"));
    let job = suspended.job(note("a".into())).id("a").recovery(Recovery::Rerun);
    suspended.block_on(job.trigger(DateTrigger::at(at(10))).add()).unwrap();
    suspended.jump_to(10);
    its_runs.start_one();
    successor.jump_to(15);
    successor.jump_to(21);
    runs.run_one();
    successor.jump_to(22);
    assert_eq!(brief(&successor), ["a@10 success 2"]);
    // The suspended worker resumes and finishes a run that it no longer owns; the history records that nevertheless.
    suspended.clock().set(at(23));
    its_runs.finish_started();
    suspended.jump_to(23);
    assert_eq!(brief(&successor), ["a@10 success 1", "a@10 success 2"]);
    let nodes: Vec<_> = read(&successor).iter().map(|entry| entry.node.to_string()).collect();
    assert_eq!(nodes, ["suspended", "successor"]);
    assert_eq!(suspended.events.with_prefix("JOB_REMOVED"), [""; 0]);
}

#[test]
fn histories_of_several_stores_are_merged() {
    let fixture = SchedulerFixture::new(|builder| {
        let builder = builder.job_store("default", MemoryJobStore::new());
        builder.job_store("other", MemoryJobStore::new()).history(HistoryOptions::enabled())
    });
    for (id, store) in [("a", "default"), ("b", "other")] {
        let job = fixture.job(note(id.into())).id(id).job_store(store);
        let trigger = IntervalTrigger::seconds(10).start_date(at(10)).end_date(at(30));
        fixture.block_on(job.trigger(trigger).add()).unwrap();
    }
    fixture.run_until(40);
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let query = HistoryQuery::new().limit(4);
        let query = match after {
            Some(after) => query.after(after),
            None => query,
        };
        let page = fixture.block_on(fixture.history(query)).unwrap();
        seen.extend(page.entries);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen.len(), 6);
    let key = |entry: &HistoryEntry| (entry.finished, entry.run_id, entry.attempt);
    assert!(seen.is_sorted_by_key(|entry| std::cmp::Reverse(key(entry))));
    let stores = [("a", "default"), ("b", "other")];
    let job =
        |entry: &HistoryEntry| (entry.job.job_id.to_string(), entry.job.job_store.to_string());
    let expected = stores.map(|(id, store)| (id.to_owned(), store.to_owned()));
    assert!(seen.iter().all(|entry| expected.contains(&job(entry))), "{seen:?}");

    let count = |query| fixture.block_on(fixture.history(query)).unwrap().entries.len();
    assert_eq!(count(HistoryQuery::new().job_store("other")), 3);
    assert_eq!(count(HistoryQuery::new().job("b")), 3);
    assert_eq!(count(HistoryQuery::new().job(("other", "b"))), 3);
    assert_eq!(count(HistoryQuery::new().job(("default", "b"))), 0);
    let read = |query| fixture.block_on(fixture.history(query)).unwrap_err();
    let error = read(HistoryQuery::new().job_store("none"));
    assert!(matches!(error, SchedulerError::UnknownJobStore { .. }));
    assert!(matches!(read(HistoryQuery::new().job("")), SchedulerError::Name(_)));
}

/// A store without a history.
struct StoreWithoutHistory(MemoryJobStore);

impl StoreLayer for StoreWithoutHistory {
    fn inner(&self) -> &dyn DynJobStore {
        &self.0
    }

    fn caps(&self) -> StoreCaps {
        StoreCaps::memory()
    }
}

#[test]
fn reading_a_missing_history_is_an_error() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Layered(StoreWithoutHistory(MemoryJobStore::new()));
        let scheduler = AsyncScheduler::builder().job_store("default", store);
        let scheduler = scheduler.history(HistoryOptions::enabled()).start().await.unwrap();
        let error = scheduler.history(HistoryQuery::new()).await.unwrap_err();
        assert!(matches!(error, SchedulerError::NoHistory { .. }), "{error}");
        assert!(error.to_string().starts_with("no history of runs is kept; enable it"), "{error}");
        scheduler.shutdown().await.unwrap();
    });
}

#[test]
fn a_long_error_is_truncated() {
    let (fixture, _) = fixture(HistoryOptions::enabled(), |builder| builder);
    let long = format!("nul \0 {}", "é".repeat(HistoryRecord::MAX_ERROR));
    fixture.block_on(fixture.job(fail(long)).id("a").add()).unwrap();
    fixture.run_until(1);
    let error = read(&fixture)[0].error.clone().unwrap();
    assert!(error.len() <= HistoryRecord::MAX_ERROR && error.len() > HistoryRecord::MAX_ERROR - 4);
    assert!(error.starts_with("nul \u{FFFD} éé") && error.ends_with("é…"), "{error}");
}
