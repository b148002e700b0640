//! When something will be due.

use punctual_core::{JobStore, NewRecord, Schedule, Timestamp};

use crate::job_store::kit::{LEASE, at, due, only, paused, task, with_schedule};
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
