//! Claims: limits, order, filters and durations.

use punctual_core::{Claim, CommitOutcome, JobRecord, JobStore, NewRecord, Schedule, Timestamp};

use crate::job_store::builders::{
    LEASE, advance, at, due, id, node, only, paused, task, with_schedule,
};
use crate::job_store::{CaseContext, StoreFixture};

fn names(claims: &[JobRecord]) -> Vec<&str> {
    claims.iter().map(|job| job.id.as_str()).collect()
}

pub async fn a_job_is_due_from_due_at_on<F: StoreFixture>(t: &CaseContext<F>) {
    let tick = t.store.caps().precision.as_micros() as i64;
    t.add([due("a", at(5)), paused("b")]).await;
    assert_eq!(t.claim(at(5).saturating_add_micros(-tick)).await, []);
    assert_eq!(t.claim_one(at(5)).await.id, id("a"));
}

pub async fn the_earliest_jobs_are_claimed_up_to_the_limit<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("c", at(3)), due("a", at(1)), due("d", at(4)), due("b", at(2))]).await;
    let none = t.claim_once("n", at(9), 0, &only(&["work"])).await;
    assert_eq!((none.records, none.corrupt), (vec![], vec![]));
    assert_eq!(names(&t.claim_some(at(9), 3, &only(&["work"])).await), ["a", "b", "c"]);
    assert_eq!(names(&t.claim(at(9)).await), ["d"]);
}

pub async fn jobs_are_claimed_in_order_of_due_at<F: StoreFixture>(t: &CaseContext<F>) {
    let jittered = Schedule { next_run_time: at(1), due_at: at(5) };
    let early = Schedule { next_run_time: at(9), due_at: at(2) };
    let jobs = [("late", jittered), ("early", early), ("middle", Schedule::at(at(3)))];
    t.add(jobs.map(|(name, schedule)| with_schedule(name, Some(schedule)))).await;
    assert_eq!(t.next_wakeup().await, Some(at(2)));
    assert_eq!(names(&t.claim(at(5)).await), ["early", "middle", "late"]);
}

pub async fn a_claim_does_not_change_the_schedule<F: StoreFixture>(t: &CaseContext<F>) {
    let schedule = Schedule { next_run_time: at(1), due_at: at(4) };
    t.add([with_schedule("a", Some(schedule))]).await;
    let before = t.get("a").await;
    let claim = t.claim_one_for("m", at(6)).await;
    assert!(claim.fence > before.fence);
    assert_eq!(claim, JobRecord { fence: claim.fence, claims: 1, ..before.clone() });
    let stored = t.stored("a").await;
    assert_eq!(stored.record, claim);
    let until = at(6).saturating_add(LEASE);
    assert_eq!(stored.claim, Some(Claim { node: node("m"), until }));
    assert_eq!(stored.last_unsettled_fence, before.fence);
}

pub async fn each_claim_of_a_fire_time_is_counted<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(0))]).await;
    let mut unsettled = t.get("a").await.fence;
    for number in 0..4 {
        let now = at(100 * i64::from(number));
        let claim = t.claim_one_for(&format!("node-{number}"), now).await;
        assert_eq!(claim.claims, number + 1, "the earlier claims are unsettled");
        let stored = t.stored("a").await;
        assert_eq!(
            (stored.last_unsettled_fence, stored.record.schedule),
            (unsettled, Some(Schedule::at(at(0))))
        );
        unsettled = claim.fence;
    }
    assert_eq!(t.commit_one("a", unsettled, advance(at(500), 1)).await, CommitOutcome::Done);
    assert_eq!(t.get("a").await.claims, 0);
    assert_eq!(t.claim_one(at(500)).await.claims, 1, "claims of the next fire time");
}

pub async fn a_claimed_job_is_not_due_before_the_expiry<F: StoreFixture>(t: &CaseContext<F>) {
    let tick = t.store.caps().precision.as_micros() as i64;
    t.add([due("a", at(0))]).await;
    let first = t.claim_one(at(0)).await;
    let end = at(0).saturating_add(LEASE);
    assert_eq!(t.claim(at(0)).await, []);
    assert_eq!(t.claim(end.saturating_add_micros(-tick)).await, []);
    let second = t.claim_one(end).await;
    assert!(second.fence > first.fence, "each claim has a larger fence");
    let third = t.claim_one(end.saturating_add(LEASE)).await;
    assert!(third.fence > second.fence);
}

pub async fn has_more_is_set_while_more_is_due<F: StoreFixture>(t: &CaseContext<F>) {
    t.add((0..10).map(|n| due(&n.to_string(), at(n))).collect::<Vec<_>>()).await;
    // Some of the jobs have an expired claim.
    t.claim_some(at(9), 5, &only(&["work"])).await;
    let now = at(9).saturating_add(LEASE);
    let (mut seen, mut calls) = (0, 0);
    loop {
        let claims = t.claim_once("n", now, 3, &only(&["work"])).await;
        assert!(claims.records.len() <= 3);
        seen += claims.records.len();
        calls += 1;
        if !claims.has_more {
            break;
        }
        assert!(calls < 100, "claim_due keeps returning `has_more`");
    }
    assert_eq!(seen, 10, "claim_due returned `has_more: false` before all jobs were claimed");
    let none = t.claim_once("n", now, 3, &only(&["work"])).await;
    assert_eq!((none.records, none.has_more), (vec![], false));
}

pub async fn expired_claims_are_ordered_by_due_at<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("b", at(2)), due("d", at(4))]).await;
    t.claim(at(9)).await;
    t.add([due("a", at(1)), due("c", at(3)), due("e", at(5))]).await;
    assert_eq!(names(&t.claim_some(at(9), 1, &only(&["work"])).await), ["a"]);
    let now = at(9).saturating_add(LEASE);
    assert_eq!(names(&t.claim_some(now, 4, &only(&["work"])).await), ["a", "b", "c", "d"]);
    assert_eq!(names(&t.claim(now).await), ["e"]);
}

pub async fn only_tasks_in_the_filter_are_claimed<F: StoreFixture>(t: &CaseContext<F>) {
    let of = |name: &str, of_task: &str, when| NewRecord { task: task(of_task), ..due(name, when) };
    t.add([of("a", "x", at(1)), of("b", "y", at(2)), of("c", "x", at(3)), of("d", "X", at(4))])
        .await;
    assert_eq!(t.claim_some(at(9), 9, &only(&[])).await, []);
    assert_eq!(names(&t.claim_some(at(9), 1, &only(&["y", "unused"])).await), ["b"]);
    assert_eq!(
        names(&t.claim_some(at(9), 9, &only(&["x"])).await),
        ["a", "c"],
        "task names are case-sensitive"
    );
    assert_eq!(t.claim_one(at(9)).await.id, id("d"), "jobs of other tasks must stay due");
}

pub async fn many_jobs_with_equal_due_at_are_claimed_once<F: StoreFixture>(t: &CaseContext<F>) {
    t.add((0..1_200).map(|n| due(&format!("{n:04}"), at(0))).collect::<Vec<_>>()).await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        let claims = t.claim_some(at(0), 500, &only(&["work"])).await;
        seen.extend(names(&claims).into_iter().map(String::from));
    }
    assert_eq!(seen.len(), 1_200);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 1_200);
    assert_eq!(t.claim(at(0)).await, []);
}

pub async fn instants_are_exact_in_any_year<F: StoreFixture>(t: &CaseContext<F>) {
    let caps = t.store.caps();
    let tick = caps.precision.as_micros() as i64;
    let instants = [
        caps.earliest,
        Timestamp::from_seconds(-1).saturating_add_micros(tick),
        Timestamp::UNIX_EPOCH.saturating_add_micros(-tick),
        Timestamp::UNIX_EPOCH,
        at(0).saturating_add_micros(tick),
        caps.latest.saturating_add_micros(1 - tick),
    ];
    let instants = instants.map(|instant| instant.clamp(caps.earliest, caps.latest));
    for (n, instant) in instants.iter().enumerate() {
        t.add([due(&format!("job-{n}"), *instant)]).await;
    }
    for (n, instant) in instants.iter().enumerate() {
        let name = format!("job-{n}");
        assert_eq!(t.get(&name).await.schedule, Some(Schedule::at(*instant)));
        assert_eq!(t.next_wakeup().await, Some(*instant));
        let claim = t.claim_one(*instant).await;
        assert_eq!((claim.id, claim.schedule), (id(&name), Some(Schedule::at(*instant))));
        t.remove(&name).await;
    }
}
