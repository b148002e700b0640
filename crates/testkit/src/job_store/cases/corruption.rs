//! Corrupt records: they are reported, can be discarded, and don't affect other records.

use std::fmt::Debug;

use punctual_core::{
    CorruptKind, CorruptRecord, Fence, HistoryRecordQuery, JobCursor, JobStore, RunHistory, RunId,
    StoreErrorKind, TakeOverFrom, TaskFilter, Timestamp,
};

use crate::job_store::builders::{advance, at, due, history_entry, id, node, paused, run};
use crate::job_store::{CaseContext, Corruption, StoreFixture};

/// Maximum number of calls of a case until all corrupt records have been returned.
const MAX_CALLS: usize = 50;

/// Texts that are not valid names.
fn invalid_names() -> [String; 3] {
    [String::new(), "x".repeat(300), "line\nbreak".into()]
}

/// Corruptions of job `a`.
fn corruptions() -> Vec<Corruption> {
    let beyond = Fence::MAX.0 + 1;
    let mut corruptions = Vec::new();
    for number in [i64::MAX, beyond, -1, i64::MIN] {
        corruptions.push(Corruption::Fence(id("a"), number));
        corruptions.push(Corruption::Revision(id("a"), number));
    }
    corruptions.push(Corruption::FireCount(id("a"), -1));
    for text in invalid_names() {
        corruptions.push(Corruption::Task(id("a"), text.clone()));
        corruptions.push(Corruption::Id(id("a"), text));
    }
    corruptions
}

fn check(corrupt: &[CorruptRecord], kind: CorruptKind, what: &impl Debug) {
    assert_eq!(corrupt.len(), 1, "{what:?}: {corrupt:?}");
    assert_eq!(corrupt[0].kind, kind, "{what:?}: {corrupt:?}");
    assert!(!corrupt[0].reason.is_empty(), "{what:?}");
}

async fn discard<F: StoreFixture>(t: &CaseContext<F>, record: &CorruptRecord) {
    let mut discarded = Vec::new();
    for _ in 0..2 {
        discarded.push(t.store.discard(record).await.expect("discarding works"));
    }
    assert_eq!(discarded, [true, false], "a record is discarded once: {record:?}");
}

/// Lists all ids and all corrupt records, in pages of this size.
async fn pages<F: StoreFixture>(
    t: &CaseContext<F>,
    limit: usize,
) -> (Vec<String>, Vec<CorruptRecord>) {
    let (mut ids, mut corrupt) = (Vec::new(), Vec::new());
    let mut after: Option<JobCursor> = None;
    for _ in 0..MAX_CALLS {
        let page = t.store.list(after.as_ref(), limit).await.expect("listing works");
        ids.extend(page.records.iter().map(|job| job.id.to_string()));
        corrupt.extend(page.corrupt);
        match page.next {
            Some(next) => after = Some(next),
            None => return (ids, corrupt),
        }
    }
    panic!("the list in pages of {limit} does not end: {ids:?}");
}

pub async fn other_jobs_are_not_affected<F: StoreFixture>(t: &CaseContext<F>) {
    for corruption in corruptions() {
        t.add([due("a", at(0)), due("b", at(1))]).await;
        if !t.corrupt(corruption.clone()).await {
            t.store.remove(&[id("a"), id("b")]).await.expect("removing works");
            continue;
        }
        let (mut claimed, mut corrupt) = (Vec::new(), Vec::new());
        for _ in 0..MAX_CALLS {
            let claims = t.claim_once("n", at(5), 9, &TaskFilter::Any).await;
            claimed.extend(claims.records);
            corrupt.extend(claims.corrupt);
            if !claims.has_more {
                break;
            }
        }
        check(&corrupt, CorruptKind::Job, &corruption);
        assert_eq!(claimed.len(), 1, "{corruption:?}: {claimed:?}");
        assert_eq!(claimed[0].id, id("b"));
        let outcome = t.commit_one("b", claimed[0].fence, advance(at(500), 1)).await;
        assert_eq!(outcome, punctual_core::CommitOutcome::Done);

        // The corrupt job must not be due immediately.
        let is_later = |wakeup: Option<Timestamp>| wakeup.is_some_and(|wakeup| wakeup > at(5));
        assert!(is_later(t.next_wakeup().await), "{corruption:?}");
        let renewal = t.renew("n", at(5), at(15)).await;
        assert!(is_later(renewal.next_wakeup), "{corruption:?}");
        let (ids, listed) = pages(t, usize::MAX).await;
        assert_eq!(ids, ["b"], "{corruption:?}");
        check(&listed, CorruptKind::Job, &corruption);
        if !matches!(corruption, Corruption::Id(..)) {
            let error = t.store.get(&id("a")).await.expect_err("the job is corrupt");
            assert_eq!(error.kind(), StoreErrorKind::Corrupt, "{corruption:?}: {error}");
            assert_eq!(listed[0].key, "a");
        }

        discard(t, &corrupt[0]).await;
        assert_eq!(pages(t, usize::MAX).await, (vec!["b".into()], vec![]));
        assert_eq!(t.find("a").await, None);
        assert_eq!(t.next_wakeup().await, Some(at(500)));
        assert!(t.remove("b").await);
    }
}

pub async fn corrupt_jobs_do_not_hide_due_jobs<F: StoreFixture>(t: &CaseContext<F>) {
    t.add((0..5).map(|n| due(&format!("bad-{n}"), at(n))).collect::<Vec<_>>()).await;
    t.add([due("good", at(7))]).await;
    for n in 0..5 {
        if !t.corrupt(Corruption::Fence(id(&format!("bad-{n}")), i64::MAX)).await {
            return;
        }
    }
    let (mut claimed, mut corrupt) = (Vec::new(), Vec::new());
    for _ in 0..MAX_CALLS {
        let claims = t.claim_once("n", at(9), 2, &TaskFilter::Any).await;
        claimed.extend(claims.records);
        corrupt.extend(claims.corrupt);
        if !claims.has_more {
            break;
        }
    }
    assert_eq!((claimed.len(), corrupt.len()), (1, 5), "{claimed:?} {corrupt:?}");
    assert!(t.next_wakeup().await.is_some_and(|wakeup| wakeup > at(9)));
}

pub async fn the_list_continues_after_corrupt_jobs<F: StoreFixture>(t: &CaseContext<F>) {
    let names = ["a", "b", "c", "d", "e", "f", "g"];
    t.add(names.map(|name| due(name, at(0)))).await;
    t.add([paused("p"), paused("q")]).await;
    for name in ["b", "c", "d", "e", "p"] {
        if !t.corrupt(Corruption::Revision(id(name), -1)).await {
            return;
        }
    }
    for limit in [1, 2, 3, 4, 9, usize::MAX] {
        let (ids, corrupt) = pages(t, limit).await;
        assert_eq!(ids, ["a", "f", "g", "q"], "pages of {limit}");
        let mut keys: Vec<_> = corrupt.iter().map(|record| record.key.as_str()).collect();
        keys.dedup();
        assert_eq!(keys, ["b", "c", "d", "e", "p"], "pages of {limit}");
    }
}

pub async fn jobs_with_an_invalid_id_can_be_listed<F: StoreFixture>(t: &CaseContext<F>) {
    t.add(["a", "b", "c", "d"].map(|name| due(name, at(0)))).await;
    for (name, text) in ["b", "c", "d"].into_iter().zip(invalid_names()) {
        if !t.corrupt(Corruption::Id(id(name), text)).await {
            return;
        }
    }
    for limit in [1, 2, 9] {
        let (ids, corrupt) = pages(t, limit).await;
        assert_eq!((ids, corrupt.len()), (vec!["a".into()], 3), "pages of {limit}");
    }
    let (_, corrupt) = pages(t, 9).await;
    for record in &corrupt {
        discard(t, record).await;
    }
    assert_eq!(pages(t, 9).await, (vec!["a".into()], vec![]));
}

pub async fn other_runs_are_taken_over<F: StoreFixture>(t: &CaseContext<F>) {
    let first = RunId::from_u128(1);
    let mut corruptions = vec![
        Corruption::Attempt(id("a"), first, i64::from(u32::MAX) + 1),
        Corruption::Attempt(id("a"), first, -1),
        Corruption::RunFence(id("a"), first, i64::MAX),
        Corruption::RunFence(id("a"), first, -1),
    ];
    corruptions.extend(invalid_names().map(|text| Corruption::RunNode(id("a"), first, text)));
    for corruption in corruptions {
        t.add([due("a", at(90)), due("b", at(90))]).await;
        t.renew("m", at(0), at(99)).await;
        t.start_runs("a", [run(1, "n"), run(2, "n")]).await;
        t.start_runs("b", [run(3, "n")]).await;
        if t.corrupt(corruption.clone()).await {
            let (mut taken, mut corrupt) = (Vec::new(), Vec::new());
            for _ in 0..MAX_CALLS {
                let some = t
                    .take_over_some(
                        &node("m"),
                        &TakeOverFrom::ExpiredNodes,
                        at(1),
                        9,
                        &TaskFilter::Any,
                    )
                    .await;
                taken.extend(some.runs.iter().map(|orphan| orphan.run.run_id.as_u128()));
                corrupt.extend(some.corrupt);
                if !some.has_more {
                    break;
                }
            }
            taken.sort_unstable();
            assert_eq!(taken, [2, 3], "{corruption:?}");
            check(&corrupt, CorruptKind::Run, &corruption);
            let error = t.store.get(&id("a")).await.expect_err("a run of the job is corrupt");
            assert_eq!(error.kind(), StoreErrorKind::Corrupt, "{corruption:?}: {error}");
            assert_eq!(t.list().await, ["a", "b"], "the jobs can be listed");
            discard(t, &corrupt[0]).await;
            let left = t.in_flight("a").await;
            assert_eq!(left.len(), 1, "{corruption:?}: {left:?}");
            assert!(!t.renew("m", at(2), at(99)).await.has_orphans, "{corruption:?}");
        }
        t.store.remove(&[id("a"), id("b")]).await.expect("removing works");
    }
}

pub async fn corrupt_runs_do_not_hide_other_runs<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(90))]).await;
    t.start_runs("a", (1..=6).map(|number| run(number, "n")).collect::<Vec<_>>()).await;
    for number in 1..=5 {
        let run_id = RunId::from_u128(number);
        if !t.corrupt(Corruption::Attempt(id("a"), run_id, -1)).await {
            return;
        }
    }
    for _ in 0..MAX_CALLS {
        let some = t
            .take_over_some(&node("m"), &TakeOverFrom::ExpiredNodes, at(1), 2, &TaskFilter::Any)
            .await;
        if some.runs.iter().any(|orphan| orphan.run.run_id == RunId::from_u128(6)) {
            return;
        }
        assert!(some.has_more, "run 6 has not been taken over");
    }
    panic!("run 6 was not taken over");
}

pub async fn a_node_with_a_corrupt_lease_is_expired<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(0))]).await;
    t.renew("n", at(0), at(99)).await;
    t.renew("m", at(0), at(99)).await;
    t.start_runs("a", [run(1, "n"), run(2, "m")]).await;
    if !t.corrupt(Corruption::Lease(node("n"))).await {
        return;
    }
    assert!(t.renew("m", at(1), at(99)).await.has_orphans);
    let taken =
        t.take_over_some(&node("m"), &TakeOverFrom::ExpiredNodes, at(1), 9, &TaskFilter::Any).await;
    let numbers: Vec<_> = taken.runs.iter().map(|orphan| orphan.run.run_id.as_u128()).collect();
    assert_eq!(numbers, [1]);
    t.renew("n", at(2), at(99)).await;
    assert!(!t.renew("n", at(3), at(99)).await.expired, "the lease is valid again");
}

pub async fn other_values_are_returned<F: StoreFixture>(t: &CaseContext<F>) {
    for (number, text) in invalid_names().into_iter().take(2).enumerate() {
        t.set_metadata("a", "1").await;
        t.set_metadata("b", &number.to_string()).await;
        if !t.corrupt(Corruption::Key("a".into(), text)).await {
            continue;
        }
        let metadata = t.store.metadata().await.expect("reading the metadata works");
        assert_eq!(metadata.values, [("b".into(), number.to_string())]);
        check(&metadata.corrupt, CorruptKind::Metadata, &number);
        discard(t, &metadata.corrupt[0]).await;
        assert_eq!(t.metadata().await.len(), 1);
    }
}

pub async fn other_entries_are_returned<F: StoreFixture>(t: &CaseContext<F>) {
    t.record((1..=6).map(|number| history_entry(number, "a", at(number as i64)))).await;
    for number in 3..=5 {
        if !t.corrupt(Corruption::Outcome(RunId::from_u128(number), "exploded".into())).await {
            return;
        }
    }
    for (limit, query) in [1, 2, 3, 9].into_iter().flat_map(|limit| {
        [HistoryRecordQuery::new(), HistoryRecordQuery::new().job(id("a"))]
            .map(|query| (limit, query))
    }) {
        let (mut seen, mut corrupt, mut after) = (Vec::new(), Vec::new(), None);
        for _ in 0..MAX_CALLS {
            let mut query = query.clone().limit(limit);
            query.after = after;
            let page = t.store.read_history(&query).await.expect("reading the history works");
            seen.extend(page.records.iter().map(|entry| entry.run_id.as_u128()));
            corrupt.extend(page.corrupt);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!((seen, after), (vec![6, 2, 1], None), "pages of {limit}");
        assert_eq!(corrupt.len(), 3, "pages of {limit}: {corrupt:?}");
        assert!(corrupt.iter().all(|record| record.kind == CorruptKind::History));
    }
    let whole = HistoryRecordQuery::new();
    let page = t.store.read_history(&whole).await.expect("reading the history works");
    discard(t, &page.corrupt[0]).await;
    let deleted = t.store.delete_history_before(at(99), 99).await;
    assert_eq!(deleted.expect("deleting works"), 5, "corrupt entries are deleted too");
    assert_eq!(t.history(&whole).await.records, []);
}
