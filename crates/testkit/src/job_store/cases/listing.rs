//! The order and the pages of the list.

use punctual_core::{CommitAction, JobCursor, JobRecordPage, JobStore, NewRecord, Schedule};

use crate::job_store::builders::{at, due, id, paused, run};
use crate::job_store::{CaseContext, StoreFixture};

fn names(page: &JobRecordPage) -> Vec<&str> {
    page.records.iter().map(|job| job.id.as_str()).collect()
}

pub async fn jobs_are_sorted_by_run_time_and_id<F: StoreFixture>(t: &CaseContext<F>) {
    let jobs = [paused("p"), due("z", at(1)), due("b", at(2)), due("a", at(2)), paused("o")];
    t.add(jobs).await;
    assert_eq!(t.list().await, ["z", "a", "b", "o", "p"]);
}

pub async fn ids_are_sorted_by_bytes<F: StoreFixture>(t: &CaseContext<F>) {
    let sorted = ["10", "9", "A", "Z", "_", "a", "a b", "a-b", "ab", "b", "é", "日", "😀"];
    for make in [paused, |name: &str| due(name, at(0))] {
        t.add(sorted.iter().rev().map(|name| make(name)).collect::<Vec<_>>()).await;
        assert_eq!(t.list().await, sorted);
        assert_eq!(walk(t, 1).await, sorted, "the cursor must have the same order");
        let removed = t.store.remove(&sorted.map(id)).await.expect("removing works");
        assert_eq!(removed, sorted.map(|_| true));
    }
}

pub async fn claims_do_not_change_the_order<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(1)), due("b", at(2)), due("c", at(50))]).await;
    t.claim(at(2)).await;
    assert_eq!(t.list().await, ["a", "b", "c"]);
    let fence = t.get("a").await.fence;
    t.commit_one("a", fence, CommitAction::Postpone { due_at: at(90) }).await;
    assert_eq!(t.list().await, ["a", "b", "c"]);
    t.reschedule("a", Some(Schedule::at(at(99)))).await;
    assert_eq!(t.list().await, ["b", "c", "a"]);
}

pub async fn finished_jobs_are_sorted_with_paused_jobs<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("b", at(1)), paused("a"), paused("c"), due("d", at(2))]).await;
    let claim = t.claim_one(at(1)).await;
    t.commit_one("b", claim.fence, CommitAction::Finish { start: vec![run(1, "n")] }).await;
    assert_eq!(t.list().await, ["d", "a", "b", "c"]);
}

pub async fn pages_contain_the_complete_list<F: StoreFixture>(t: &CaseContext<F>) {
    let mut jobs: Vec<NewRecord> = (0..7).map(|n| due(&format!("d{n}"), at(n / 3))).collect();
    jobs.extend((0..5).map(|n| paused(&format!("p{n}"))));
    t.add(jobs).await;
    let whole = t.list().await;
    assert_eq!(whole.len(), 12);
    for limit in [1, 2, 3, 5, 7, 11, 12, 13] {
        assert_eq!(walk(t, limit).await, whole, "pages of {limit}");
    }
}

/// Lists all ids page by page, and checks the size and the cursor of each page.
async fn walk<F: StoreFixture>(t: &CaseContext<F>, limit: usize) -> Vec<String> {
    let mut ids = Vec::new();
    let mut after: Option<JobCursor> = None;
    loop {
        let page = t.store.list(after.as_ref(), limit).await.expect("listing works");
        ids.extend(names(&page).into_iter().map(String::from));
        if page.next.is_some() {
            assert_eq!(page.records.len(), limit, "all pages but the last must be full");
            assert_eq!(page.next, page.records.last().map(JobCursor::of));
        }
        match page.next {
            Some(next) => after = Some(next),
            None => return ids,
        }
    }
}

pub async fn a_page_with_all_remaining_jobs_is_the_last<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(1)), paused("b")]).await;
    for limit in [2, 3, usize::MAX] {
        let page = t.store.list(None, limit).await.expect("listing works");
        assert_eq!((names(&page), page.next.clone()), (vec!["a", "b"], None));
    }
    let first = t.store.list(None, 1).await.expect("listing works");
    let rest = t.store.list(first.next.as_ref(), 1).await.expect("listing works");
    assert_eq!((names(&rest), rest.next.clone()), (vec!["b"], None));
}

pub async fn a_limit_of_0_returns_an_empty_page<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(1))]).await;
    let page = t.store.list(None, 0).await.expect("listing works");
    assert_eq!(page, JobRecordPage::default());
}

pub async fn a_cursor_of_a_removed_job_stays_valid<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(1)), due("b", at(1)), due("c", at(1)), paused("d")]).await;
    let cursor = JobCursor { next_run_time: Some(at(1)), id: id("b") };
    t.remove("b").await;
    let page = t.store.list(Some(&cursor), 9).await.expect("listing works");
    assert_eq!(names(&page), ["c", "d"]);
    let end = JobCursor { next_run_time: None, id: id("d") };
    let page = t.store.list(Some(&end), 9).await.expect("listing works");
    assert_eq!(page, JobRecordPage::default());
}
