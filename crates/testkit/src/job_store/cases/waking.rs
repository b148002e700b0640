//! When something will be due.

use std::time::Duration;

use punctual_core::{JobStore, NewRecord, Schedule, TaskFilter, Timestamp};

use crate::job_store::kit::{LEASE, at, due, node, only, paused, task, with_schedule};
use crate::job_store::{StoreFixture, Trial};

pub async fn it_is_the_earliest_due_instant<F: StoreFixture>(t: &Trial<F>) {
    t.add([due("b", at(20)), paused("p"), due("c", at(30))]).await;
    assert_eq!(t.next_wakeup().await, Some(at(20)));
    let jittered = Schedule { next_run_time: at(2), due_at: at(15) };
    t.add([with_schedule("a", Some(jittered))]).await;
    assert_eq!(t.next_wakeup().await, Some(at(15)));
    t.remove("a").await;
    t.reschedule("b", None).await;
    assert_eq!(t.next_wakeup().await, Some(at(30)));
    t.reschedule("c", None).await;
    assert_eq!(t.next_wakeup().await, None);
}

pub async fn a_claimed_job_wakes_when_its_lease_ends<F: StoreFixture>(t: &Trial<F>) {
    t.add([due("a", at(1))]).await;
    t.claim_one(at(4)).await;
    assert_eq!(t.next_wakeup().await, Some(at(4).saturating_add(LEASE)));
}

pub async fn a_claim_that_expires_at_once_leaves_it_due<F: StoreFixture>(t: &Trial<F>) {
    t.add([with_schedule("a", Some(Schedule { next_run_time: at(0), due_at: at(20) }))]).await;
    let claims = t.store.claim_due(&node("n"), at(20), 1, Duration::ZERO, &TaskFilter::Any).await;
    assert_eq!(claims.expect("claiming works").records.len(), 1);
    assert_eq!(t.next_wakeup().await, Some(at(20)), "as if nobody had claimed it");
    assert_eq!(t.claim(at(19)).await, []);
    assert_eq!(t.claim_one(at(20)).await.claims, 2);
}

pub async fn the_filter_counts<F: StoreFixture>(t: &Trial<F>) {
    let of = |name: &str, of_task: &str, when| NewRecord { task: task(of_task), ..due(name, when) };
    t.add([of("a", "x", at(1)), of("b", "y", at(2)), of("c", "y", at(3))]).await;
    let wakeup = async |tasks: &[&str]| -> Option<Timestamp> {
        t.store.next_wakeup(&only(tasks)).await.expect("asking works")
    };
    assert_eq!(wakeup(&["x", "y"]).await, Some(at(1)));
    assert_eq!(wakeup(&["y", "z"]).await, Some(at(2)));
    assert_eq!(wakeup(&["z"]).await, None);
    assert_eq!(wakeup(&[]).await, None);
}

pub async fn whoever_renews_is_told<F: StoreFixture>(t: &Trial<F>) {
    assert_eq!(t.renew("n", at(0), at(10)).await.next_wakeup, None);
    t.add([NewRecord { task: task("x"), ..due("a", at(1)) }, due("b", at(2))]).await;
    assert_eq!(t.renew("m", at(0), at(10)).await.next_wakeup, Some(at(1)), "a new node");
    let told = async |tasks: &[&str], now| {
        t.renew_for("n", at(now), at(now + 10), &only(tasks)).await.next_wakeup
    };
    assert_eq!(told(&["x", "work"], 1).await, Some(at(1)));
    assert_eq!(told(&["work"], 2).await, Some(at(2)));
    assert_eq!(told(&["other"], 3).await, None);
    t.claim_one(at(1)).await;
    assert_eq!(told(&["x"], 4).await, Some(at(1).saturating_add(LEASE)));
    assert_eq!(told(&["work"], 99).await, Some(at(2)), "one whose lease had expired");
}

pub async fn whoever_renews_is_told_the_time<F: StoreFixture>(t: &Trial<F>) {
    let time = async || t.store.time().await.expect("asking for the time works");
    for (now, until) in [(0, 10), (5, 15), (99, 109)] {
        let before = time().await;
        let told = t.renew("n", at(now), at(until)).await.time;
        let after = time().await;
        // Clocks are set while they run.
        let second = Duration::from_secs(1);
        let is_between = |told: Timestamp| {
            before.is_some_and(|before| told.saturating_add(second) >= before)
                && after.is_some_and(|after| told <= after.saturating_add(second))
        };
        assert!(told.map_or(before.is_none(), is_between), "{before:?}, {told:?}, {after:?}");
    }
}
