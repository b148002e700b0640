//! The history of finished runs.

use punctual_core::{
    Commit, CommitAction, CommitOutcome, Fence, HistoryRecord, HistoryRecordPage,
    HistoryRecordQuery, JobStore, OutcomeKind, RunHistory, RunId,
};

use crate::job_store::builders::{at, due, finish, history_entry, id, node, run, task};
use crate::job_store::{CaseContext, StoreFixture};

/// Returns the run numbers of the entries that a query returns.
async fn numbers<F: StoreFixture>(t: &CaseContext<F>, query: HistoryRecordQuery) -> Vec<u128> {
    let page = t.history(&query).await;
    page.records.iter().map(|entry| entry.run_id.as_u128()).collect()
}

fn all() -> HistoryRecordQuery {
    HistoryRecordQuery::new().limit(usize::MAX)
}

pub async fn a_new_history_is_empty<F: StoreFixture>(t: &CaseContext<F>) {
    assert_eq!(t.history(&all()).await, HistoryRecordPage::default());
    t.record([history_entry(1, "a", at(0))]).await;
    let none = t.history(&HistoryRecordQuery::new().limit(0)).await;
    assert_eq!(none, HistoryRecordPage::default(), "a limit of 0 returns no entries");
}

pub async fn an_entry_has_the_given_values<F: StoreFixture>(t: &CaseContext<F>) {
    let success = HistoryRecord { attempt: 3, ..history_entry(1, "a", at(10)) };
    let failure = HistoryRecord {
        run_id: RunId::from_u128(u128::MAX),
        job_id: id("special '\"\\ 🦀"),
        task: task("other"),
        outcome: OutcomeKind::Failed,
        error: Some("it's \"broken\"\n\\ 🦀".into()),
        ..history_entry(2, "a", at(9))
    };
    let never = HistoryRecord {
        started: None,
        outcome: OutcomeKind::Lost,
        scheduled_time: t.store.caps().earliest,
        ..history_entry(0, "a", at(8))
    };
    t.record([failure.clone(), never.clone(), success.clone()]).await;
    assert_eq!(t.history(&all()).await.records, [success, failure, never], "newest first");
}

pub async fn every_outcome_is_stored<F: StoreFixture>(t: &CaseContext<F>) {
    let kinds = OutcomeKind::ALL;
    t.record(
        (0..)
            .zip(kinds)
            .map(|(n, &outcome)| HistoryRecord { outcome, ..history_entry(n, "a", at(0)) }),
    )
    .await;
    for (number, &kind) in (0..).zip(kinds) {
        assert_eq!(numbers(t, all().outcome(kind)).await, [number], "{kind}");
    }
    let two = all().outcome(OutcomeKind::Panicked).outcome(OutcomeKind::Failed);
    assert_eq!(numbers(t, two).await, [2, 1]);
}

pub async fn long_errors_are_not_truncated<F: StoreFixture>(t: &CaseContext<F>) {
    let error = "🦀".repeat(HistoryRecord::MAX_ERROR / 4);
    t.record([HistoryRecord { error: Some(error.clone()), ..history_entry(1, "a", at(0)) }]).await;
    assert_eq!(t.history(&all()).await.records[0].error, Some(error));
}

pub async fn ties_are_sorted_by_run_and_attempt<F: StoreFixture>(t: &CaseContext<F>) {
    let again = HistoryRecord { attempt: 2, ..history_entry(5, "a", at(0)) };
    t.record([
        history_entry(5, "a", at(0)),
        history_entry(u128::MAX, "b", at(0)),
        again,
        history_entry(7, "a", at(0)),
    ])
    .await;
    let keys: Vec<_> = t.history(&all()).await.records.iter().map(HistoryRecord::cursor).collect();
    let attempts: Vec<_> = keys.iter().map(|key| (key.run_id().as_u128(), key.attempt())).collect();
    assert_eq!(attempts, [(u128::MAX, 1), (7, 1), (5, 2), (5, 1)]);
    assert!(keys.is_sorted_by(|a, b| a > b));
}

pub async fn queries_filter_entries<F: StoreFixture>(t: &CaseContext<F>) {
    t.record((0..6).map(|n| history_entry(n, if n % 2 == 0 { "a" } else { "b" }, at(n as i64))))
        .await;
    assert_eq!(numbers(t, all().job(id("a"))).await, [4, 2, 0]);
    assert_eq!(numbers(t, all().job(id("A"))).await, [0; 0], "ids are case-sensitive");
    assert_eq!(numbers(t, all().since(at(4))).await, [5, 4], "`since` is inclusive");
    assert_eq!(numbers(t, all().until(at(2))).await, [1, 0], "`until` is exclusive");
    let between = all().job(id("b")).since(at(1)).until(at(5));
    assert_eq!(numbers(t, between.clone()).await, [3, 1]);
    assert_eq!(numbers(t, between.outcome(OutcomeKind::Missed)).await, [0; 0]);
}

pub async fn pages_contain_the_complete_history<F: StoreFixture>(t: &CaseContext<F>) {
    // Several entries finished at the same instant, so that a page ends between them.
    t.record((0..10).map(|n| history_entry(n, if n < 7 { "a" } else { "b" }, at(n as i64 / 5))))
        .await;
    for (query, whole) in [(all(), 10), (all().job(id("a")), 7)] {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let mut page = query.clone().limit(3);
            page.after = after;
            let page = t.history(&page).await;
            seen.extend(page.records.iter().map(|entry| entry.run_id.as_u128()));
            after = page.next;
            if after.is_none() {
                break;
            }
            assert_eq!(page.records.len(), 3, "only the last page may be incomplete");
        }
        assert_eq!(seen, (0..whole).rev().collect::<Vec<_>>());
    }
    let page = t.history(&all().limit(10)).await;
    assert_eq!(page.next, None, "a page with all entries is the last");
}

pub async fn entries_are_recorded_with_commits<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(0))]).await;
    t.start_runs("a", [run(1, "n")]).await;
    let clear = Commit {
        id: id("a"),
        fence: Fence(1),
        action: CommitAction::ClearRun { run_id: RunId::from_u128(1) },
    };
    let outcomes = t.commit_with(vec![clear.clone()], vec![history_entry(1, "a", at(1))]).await;
    assert_eq!(outcomes, [CommitOutcome::Done], "one outcome for each commit, none for entries");
    // The commit is stale, but the entry of the finished run is recorded.
    let outcomes = t.commit_with(vec![clear], vec![history_entry(2, "a", at(2))]).await;
    assert_eq!(outcomes, [CommitOutcome::Stale]);
    assert_eq!(numbers(t, all()).await, [2, 1]);
}

pub async fn a_repeated_entry_is_not_modified<F: StoreFixture>(t: &CaseContext<F>) {
    let first = history_entry(1, "a", at(1));
    let other = HistoryRecord { error: Some("no".into()), node: node("m"), ..first.clone() };
    t.record([first.clone(), first.clone(), history_entry(2, "a", at(0))]).await;
    t.record([other, first.clone()]).await;
    assert_eq!(t.history(&all()).await.records, [first, history_entry(2, "a", at(0))]);
    assert_eq!(numbers(t, all().job(id("a"))).await, [1, 2]);
}

pub async fn several_stores_share_the_history<F: StoreFixture>(t: &CaseContext<F>) {
    let other = t.second_store().await;
    t.record([history_entry(1, "a", at(1))]).await;
    assert_eq!(other.history(&all()).await.records, [history_entry(1, "a", at(1))]);
    other.record([history_entry(1, "a", at(1)), history_entry(2, "a", at(2))]).await;
    assert_eq!(numbers(t, all()).await, [2, 1]);
}

pub async fn entries_persist_after_the_removal_of_jobs<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(0)), due("b", at(0))]).await;
    t.record([history_entry(1, "a", at(1)), history_entry(2, "b", at(2))]).await;
    assert!(t.remove("a").await);
    let claim = t.claim_one(at(0)).await;
    let outcome = t.commit_one("b", claim.fence, finish()).await;
    assert_eq!(outcome, CommitOutcome::Removed);
    assert_eq!(numbers(t, all()).await, [2, 1]);
}

pub async fn a_large_batch_is_recorded_completely<F: StoreFixture>(t: &CaseContext<F>) {
    t.record((0..3_000).map(|n| history_entry(n, &format!("job {}", n % 7), at(n as i64)))).await;
    assert_eq!(numbers(t, all()).await, (0..3_000).rev().collect::<Vec<_>>());
}

pub async fn the_oldest_entries_are_deleted_first<F: StoreFixture>(t: &CaseContext<F>) {
    t.record((0..10).map(|n| history_entry(n, "a", at(n as i64)))).await;
    let delete = async |before, limit| {
        t.store.delete_history_before(before, limit).await.expect("deleting works")
    };
    assert_eq!(delete(at(0), 99).await, 0, "entries that finished at the instant are kept");
    assert_eq!(delete(at(6), 4).await, 4);
    assert_eq!(numbers(t, all()).await, [9, 8, 7, 6, 5, 4]);
    assert_eq!(delete(at(6), 4).await, 2);
    assert_eq!(delete(at(6), 4).await, 0);
    assert_eq!(delete(at(99), 0).await, 0, "a limit of 0 deletes nothing");
    assert_eq!(numbers(t, all().job(id("a"))).await, [9, 8, 7, 6]);
}

pub async fn the_newest_entries_of_each_job_are_kept<F: StoreFixture>(t: &CaseContext<F>) {
    // Of a: 0, 3, 6, 9; of b: 1, 4, 7; of c: 2, 5, 8.
    t.record((0..10).map(|n| history_entry(n, ["a", "b", "c"][n as usize % 3], at(n as i64 / 4))))
        .await;
    // A job that is listed twice counts once.
    let jobs = [id("b"), id("a"), id("b"), id("none")];
    let delete =
        async |keep, limit| t.store.trim_history(&jobs, keep, limit).await.expect("deleting works");
    assert_eq!(delete(4, 99).await, 0);
    assert_eq!(delete(2, 99).await, 3);
    assert_eq!(numbers(t, all()).await, [9, 8, 7, 6, 5, 4, 2]);
    assert_eq!(delete(1, 1).await, 1, "no more than the limit");
    assert_eq!(delete(1, 9).await, 1);
    assert_eq!(numbers(t, all()).await, [9, 8, 7, 5, 2]);
    assert_eq!(delete(0, 9).await, 2);
    assert_eq!(numbers(t, all()).await, [8, 5, 2], "entries of other jobs are kept");
}

pub async fn the_newest_entries_of_many_jobs_are_kept<F: StoreFixture>(t: &CaseContext<F>) {
    // Of each of ten jobs: n, n + 10, n + 20, n + 30.
    let name = |number: i64| format!("job-{}", number % 10);
    t.record((0..40).map(|n| history_entry(n as u128, &name(n), at(n)))).await;
    let jobs: Vec<_> = (0..10).map(|number| id(&name(number))).collect();
    let mut deleted = Vec::new();
    while deleted.last().is_none_or(|last| *last == 13) {
        deleted.push(t.store.trim_history(&jobs, 1, 13).await.expect("deleting works"));
    }
    assert_eq!(deleted, [13, 13, 4]);
    let newest: Vec<_> = (30..40).rev().collect();
    assert_eq!(numbers(t, all()).await, newest);
}
