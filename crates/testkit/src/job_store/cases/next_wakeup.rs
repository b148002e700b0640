//! The next wake-up.

use std::time::Duration;

use punctual_core::{JobStore, NewRecord, Schedule, TaskFilter, Timestamp};

use crate::job_store::builders::{LEASE, at, due, node, only, paused, task, with_schedule};
use crate::job_store::{CaseContext, StoreFixture};

pub async fn it_is_the_earliest_due_at<F: StoreFixture>(t: &CaseContext<F>) {
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

pub async fn a_claimed_job_is_due_when_its_claim_expires<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([due("a", at(1))]).await;
    t.claim_one(at(4)).await;
    assert_eq!(t.next_wakeup().await, Some(at(4).saturating_add(LEASE)));
}

pub async fn a_claim_of_zero_duration_leaves_the_job_due<F: StoreFixture>(t: &CaseContext<F>) {
    t.add([with_schedule("a", Some(Schedule { next_run_time: at(0), due_at: at(20) }))]).await;
    let claims = t.store.claim_due(&node("n"), at(20), 1, Duration::ZERO, &TaskFilter::Any).await;
    assert_eq!(claims.expect("claiming works").records.len(), 1);
    assert_eq!(t.next_wakeup().await, Some(at(20)), "as if it were not claimed");
    assert_eq!(t.claim(at(19)).await, []);
    assert_eq!(t.claim_one(at(20)).await.claims, 2);
}

pub async fn only_tasks_in_the_filter_are_considered<F: StoreFixture>(t: &CaseContext<F>) {
    let of = |name: &str, of_task: &str, when| NewRecord { task: task(of_task), ..due(name, when) };
    t.add([of("a", "x", at(1)), of("b", "y", at(2)), of("c", "y", at(3))]).await;
    let wakeup = async |tasks: &[&str]| -> Option<Timestamp> {
        t.store.next_wakeup(&only(tasks)).await.expect("reading the wake-up works")
    };
    assert_eq!(wakeup(&["x", "y"]).await, Some(at(1)));
    assert_eq!(wakeup(&["y", "z"]).await, Some(at(2)));
    assert_eq!(wakeup(&["z"]).await, None);
    assert_eq!(wakeup(&[]).await, None);
}

pub async fn renew_returns_the_next_wakeup<F: StoreFixture>(t: &CaseContext<F>) {
    assert_eq!(t.renew("n", at(0), at(10)).await.next_wakeup, None);
    t.add([NewRecord { task: task("x"), ..due("a", at(1)) }, due("b", at(2))]).await;
    assert_eq!(t.renew("m", at(0), at(10)).await.next_wakeup, Some(at(1)), "a new node");
    let renew = async |tasks: &[&str], now| {
        t.renew_for("n", at(now), at(now + 10), &only(tasks)).await.next_wakeup
    };
    assert_eq!(renew(&["x", "work"], 1).await, Some(at(1)));
    assert_eq!(renew(&["work"], 2).await, Some(at(2)));
    assert_eq!(renew(&["other"], 3).await, None);
    t.claim_one(at(1)).await;
    assert_eq!(renew(&["x"], 4).await, Some(at(1).saturating_add(LEASE)));
    assert_eq!(renew(&["work"], 99).await, Some(at(2)), "a node whose lease had expired");
}

pub async fn renew_returns_the_server_time<F: StoreFixture>(t: &CaseContext<F>) {
    let time = async || t.store.time().await.expect("reading the time works");
    for (now, until) in [(0, 10), (5, 15), (99, 109)] {
        let before = time().await;
        let returned = t.renew("n", at(now), at(until)).await.time;
        let after = time().await;
        // The server's clock may be adjusted meanwhile.
        let second = Duration::from_secs(1);
        let is_between = |returned: Timestamp| {
            before.is_some_and(|before| returned.saturating_add(second) >= before)
                && after.is_some_and(|after| returned <= after.saturating_add(second))
        };
        assert!(
            returned.map_or(before.is_none(), is_between),
            "{before:?}, {returned:?}, {after:?}"
        );
    }
}
